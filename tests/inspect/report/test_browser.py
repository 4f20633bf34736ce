"""The report in a real browser: it is clicked through, and runs nothing that a corpus says.

Skipped where chromium and its driver are not installed: `apt install chromium chromium-driver`.
"""

from __future__ import annotations

import json
import shutil

import pytest

import corpuskit

pytest.importorskip("vl_convert")
webdriver = pytest.importorskip("selenium.webdriver")

from selenium.webdriver.common.by import By  # noqa: E402 - skipped above where there is none
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

BROWSER, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
pytestmark = [
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="chromium and chromedriver are not installed"),
    pytest.mark.xdist_group("browser"),
    pytest.mark.slow,
]

TABS = ["summary", "charts", "documents", "run", "batches", "provenance"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A headless Chromium that has nothing but what is opened in it."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    profile = tmp_path_factory.mktemp("profile")
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", f"user-data-dir={profile}"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(DRIVER)
    driver = webdriver.Chrome(options, service)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def report(hostile, stats_of, tmp_path_factory):
    """The page of a corpus of hostile documents, with and without its script."""
    folder = tmp_path_factory.mktemp("pages")
    batches = hostile.batches(batch_size=8, block_size=64, sampler="sequential", output="numpy")
    options = {"batches": batches, "num_documents": 40, "encodings": ["o200k_base"], "steps": [0, 1]}
    stats = stats_of(hostile)
    return {
        static: corpuskit.report(
            hostile, folder / f"{static}.html", static=static, stats=stats, **options
        ).path
        for static in (False, True)
    }


def opened(browser, path):
    browser.get("about:blank")
    browser.get_log("browser"), browser.get_log("performance")
    browser.get(path.as_uri())


def check_quiet(browser, path, *, title="<script>window.ran=7</script>"):
    """No message on the console, no request but for the page, and no script but its own has run."""
    assert browser.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert {url.partition("#")[0] for url in asked} == {path.as_uri()}
    assert browser.execute_script("return window.ran") is None
    assert browser.title == title


def selected(browser):
    tabs = browser.find_elements(By.CSS_SELECTOR, "[role=tab]")
    assert [tab.get_attribute("aria-controls") for tab in tabs] == TABS
    (chosen,) = (tab for tab in tabs if tab.get_attribute("aria-selected") == "true")
    shown = [
        one.get_attribute("id")
        for one in browser.find_elements(By.CSS_SELECTOR, "section")
        if one.is_displayed()
    ]
    assert shown == [chosen.get_attribute("aria-controls")]
    return chosen


def click_through(browser, path):
    """Each part by its tab, and each chart until it is drawn."""
    opened(browser, path)
    for name in TABS:
        browser.find_element(By.CSS_SELECTOR, f"a[href='#{name}']").click()
        assert selected(browser).get_attribute("aria-controls") == name
        wide = browser.execute_script("return document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, name
    for name in ("charts", "run"):
        browser.find_element(By.CSS_SELECTOR, f"a[href='#{name}']").click()
        charts = browser.find_elements(By.CSS_SELECTOR, f"#{name} .chart")
        for chart in charts:
            WebDriverWait(browser, 60).until(
                lambda _, chart=chart: "vega-embed" in chart.get_attribute("class")
            )
            assert chart.find_element(By.TAG_NAME, "svg").size["width"] > 200
            webdriver.ActionChains(browser).move_to_element(chart).perform()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_clicked_through(browser, report, width):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    click_through(browser, report[False])
    check_quiet(browser, report[False])
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_page_of_100_mb_of_ids_is_small_and_whole(browser, tmp_path):
    line = json.dumps({"text": "It was the best of times, it was the worst of times. " * 40})
    (tmp_path / "texts.jsonl").write_text(f"{line}\n" * 24_000)
    corpus = corpuskit.prepare(
        tmp_path / "texts.jsonl", encoding="bytes", output=tmp_path / "corpus", progress=False
    )
    assert sum(2 * len(corpus[split]) for split in corpus.splits) > 100 * 10**6
    page = corpuskit.report(corpus, tmp_path / "report.html")
    assert page.size_bytes < 3 * 10**6
    click_through(browser, page.path)
    check_quiet(browser, page.path, title="texts")


@pytest.mark.parametrize(
    "text", ["<img src='http://127.0.0.1:9/'>", "<script>window.ran = 1</script>", "<script>x(</script>"]
)
def test_a_page_that_asks_or_runs_is_noticed(browser, tmp_path, text):
    page = tmp_path / "page.html"
    page.write_text(f"<!DOCTYPE html><title>&lt;script>window.ran=7&lt;/script></title>{text}")
    opened(browser, page)
    with pytest.raises(AssertionError):
        check_quiet(browser, page)


def test_tabs_and_tokens_go_by_arrow_keys(browser, report):
    opened(browser, report[False])
    webdriver.ActionChains(browser).send_keys(Keys.TAB).perform()
    assert browser.switch_to.active_element == selected(browser)
    for key, name in (
        (Keys.RIGHT, "charts"),
        (Keys.LEFT, "summary"),
        (Keys.LEFT, "provenance"),
        (Keys.HOME, "summary"),
    ):
        browser.switch_to.active_element.send_keys(key)
        assert selected(browser).get_attribute("aria-controls") == name
        assert browser.switch_to.active_element == selected(browser)
    browser.find_element(By.CSS_SELECTOR, "a[href='#batches']").click()
    webdriver.ActionChains(browser).send_keys(Keys.TAB, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT).perform()
    reading = browser.find_element(By.ID, "reading")
    token = browser.find_element(By.CSS_SELECTOR, "#batches i.at")
    assert reading.is_displayed()
    assert f"id {token.get_attribute('title')} " in reading.text
    assert "window.ran=6" in reading.text
    webdriver.ActionChains(browser).send_keys(Keys.ESCAPE).perform()
    assert not reading.is_displayed()
    check_quiet(browser, report[False])


def test_a_link_to_a_part_opens_it(browser, report):
    opened(browser, report[False])
    browser.get(report[False].as_uri() + "#provenance")
    assert selected(browser).get_attribute("aria-controls") == "provenance"


def test_a_static_page_shows_all_parts_and_runs_nothing(browser, report):
    opened(browser, report[True])
    sections = browser.find_elements(By.CSS_SELECTOR, "section")
    assert [one.get_attribute("id") for one in sections if one.is_displayed()] == TABS
    assert all(one.size["height"] > 20 for one in browser.find_elements(By.CSS_SELECTOR, ".chart svg"))
    check_quiet(browser, report[True])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_light_and_dark(browser, report, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    opened(browser, report[False])
    body = browser.find_element(By.TAG_NAME, "body")
    colours = [body.value_of_css_property(name) for name in ("color", "background-color")]
    text, page = (
        sum(int(part) for part in colour.split("(")[1].rstrip(")").split(",")[:3]) for colour in colours
    )
    assert (text < 200 and page > 600) if scheme == "light" else (text > 600 and page < 200)


def test_charts_keep_their_size_when_the_window_changes_behind_another_tab(browser, report):
    opened(browser, report[False])
    for name in ("run", "summary", "run"):
        browser.find_element(By.CSS_SELECTOR, f"a[href='#{name}']").click()
        WebDriverWait(browser, 60).until(lambda _: browser.find_elements(By.CSS_SELECTOR, "#run .vega-embed"))
        browser.execute_script("dispatchEvent(new Event('resize'))")
    assert browser.find_element(By.CSS_SELECTOR, "#run .chart svg").size["width"] > 500


def test_print_shows_all_parts(browser, report):
    opened(browser, report[False])
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    sections = browser.find_elements(By.CSS_SELECTOR, "section")
    assert [one.get_attribute("id") for one in sections if one.is_displayed()] == TABS
    assert not browser.find_element(By.TAG_NAME, "nav").is_displayed()
    assert all(one.size["width"] > 300 for one in browser.find_elements(By.CSS_SELECTOR, ".chart svg"))
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
