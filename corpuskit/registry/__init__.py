"""The corridor between the rooms: named components, who owns them, and errors that name the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpuskit.lazy import lazy_attributes

if TYPE_CHECKING:
    from corpuskit.registry.component import Component
    from corpuskit.registry.registry import Registry, default
    from corpuskit.registry.status import PluginInfo

_PLACES = {
    "Component": "corpuskit.registry.component:Component",
    "PluginInfo": "corpuskit.registry.status:PluginInfo",
    "Registry": "corpuskit.registry.registry:Registry",
    "default": "corpuskit.registry.registry:default",
}

__all__ = ["Component", "PluginInfo", "Registry", "default"]

__getattr__, __dir__ = lazy_attributes(__name__, _PLACES)
