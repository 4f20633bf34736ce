"""The built-in templates under the shipped suite."""

import pytest

from corpuskit.chat.opening import open_template
from corpuskit.chat.plugin import corpuskit_templates
from corpuskit.testing.templates import TemplateSuite


@pytest.mark.parametrize("name", [spec.name for spec in corpuskit_templates()])
class TestBuiltin(TemplateSuite):
    @pytest.fixture
    def template(self, name):
        return open_template(name)
