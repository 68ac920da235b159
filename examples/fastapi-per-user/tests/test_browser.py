"""Signing in by the application itself, in a real browser; and what comes of it: renewal, sign-out."""

import pytest
from selenium import webdriver
from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from conftest import COOKIE


@pytest.fixture
def browsers(tmp_path):
    """Starts Chromium, each time as another person's: without anything of the last one's."""
    started = []

    def start():
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        # The stand-in Entra's certificate is from an authority of its own.
        options.accept_insecure_certs = True
        profile = tmp_path / f"profile{len(started)}"
        for argument in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={profile}"]:
            options.add_argument(argument)
        service = webdriver.ChromeService("/usr/bin/chromedriver")
        started.append(Browser(webdriver.Chrome(options, service)))
        return started[-1]

    yield start
    for browser in started:
        browser.driver.quit()


class Browser:
    def __init__(self, driver):
        self.driver = driver
        # A page that is just being replaced answers with this or that error: no such element, stale element,
        # "unhandled inspector error".
        self.wait = WebDriverWait(driver, 30, ignored_exceptions=[WebDriverException])

    def element(self, name):
        return self.wait.until(lambda driver: driver.find_element(By.ID, name))

    def sign_in(self, address, user, password=None):
        """From the application's page by Entra's and back."""
        self.driver.get(address)
        self.element("sign-in").click()
        name = self.element("username")
        name.clear()
        name.send_keys(user["name"])
        self.element("password").send_keys(password or user["password"])
        self.element("submit").click()

    def says(self, who):
        """Waits until the page says so: a click returns before the next page is there."""
        try:
            self.wait.until(lambda driver: driver.find_element(By.ID, "who").text == who)
        except TimeoutException:
            raise AssertionError(f"not {who}, but {self.driver.page_source}") from None
        return True

    def cookie(self):
        return self.driver.get_cookie(COOKIE)


def test_two_people_sign_in_each_in_their_own_browser(app, playground, browsers):
    people = [playground.ada, playground.grace]
    used = [browsers() for _ in people]
    for browser, person in zip(used, people):
        browser.sign_in(app.address, person)
        assert browser.says(person["name"])
    for browser, person in zip(used, people):
        browser.driver.get(app.address)
        assert browser.says(person["name"])
    cookies = [browser.cookie() for browser in used]
    assert cookies[0]["value"] != cookies[1]["value"]
    for cookie in cookies:
        assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Lax")
        assert len(cookie["value"]) == 43, "a number, and nothing of the tokens"

    authorize, *_ = playground.requests("/authorize")
    assert authorize["query"]["code_challenge_method"] == "S256"
    assert "https://database.windows.net/.default" in authorize["query"]["scope"]


@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_a_page_has_its_style_and_fits_a_narrow_screen(app, browsers, path):
    driver = browsers().driver
    driver.set_window_size(390, 800)
    driver.get(app.address + path)
    seen = driver.execute_script(
        "return [getComputedStyle(document.querySelector('main')).borderRadius, innerWidth, document.body.scrollWidth]"
    )
    assert seen[0] == "8px", "the policy lets the style sheet in"
    assert seen[2] <= seen[1]


def test_a_wrong_password_signs_nobody_in(app, playground, browsers):
    browser = browsers()
    browser.sign_in(app.address, playground.ada, "a guess")
    browser.wait.until(lambda driver: "AADSTS50126" in driver.find_element(By.ID, "trouble").text)
    browser.driver.get(app.address)
    assert browser.says("Nobody is signed in.")


def test_tokens_are_renewed_without_the_user_until_entra_says_no(app, playground, browsers):
    playground.lifetime(2)
    browser = browsers()
    browser.sign_in(app.address, playground.ada)
    assert browser.says(playground.ada["name"])

    def logged_in_again(driver):
        driver.get(app.address)
        assert browser.says(playground.ada["name"])
        return len(playground.logins()) >= 2

    # Each request is served; once the token has ended, by a new connection with a new token.
    browser.wait.until(logged_in_again)
    tokens = [login["claims"]["uti"] for login in playground.logins()]
    assert len(set(tokens)) == len(tokens)
    assert len(playground.requests("/authorize")) == 2, "the page and its form, once"

    session = browser.cookie()["value"]
    playground.revoke(playground.ada)

    def signed_out(driver):
        driver.get(app.address)
        return driver.find_element(By.ID, "who").text == "Nobody is signed in."

    browser.wait.until(signed_out)
    assert browser.cookie() is None
    with app.client() as client:
        client.headers["Cookie"] = f"{COOKIE}={session}"
        assert client.get("/me").status_code == 401


def test_sign_out_ends_the_session_and_the_connections(app, playground, browsers):
    browser = browsers()
    browser.sign_in(app.address, playground.ada)
    assert browser.says(playground.ada["name"])
    session = browser.cookie()["value"]
    with app.client(cookies={COOKIE: session}) as client:
        client.headers["Cookie"] = f"{COOKIE}={session}"
        assert client.get("/me").json()["database_user"] == playground.ada["name"]
        before = len(playground.logins())
        assert before == 1

        browser.element("sign-out").click()
        assert browser.says("Nobody is signed in.")
        assert browser.cookie() is None
        assert client.get("/me").status_code == 401, "the number itself is worth nothing any more"

    browser.sign_in(app.address, playground.ada)
    assert browser.says(playground.ada["name"])
    assert len(playground.logins()) == before + 1, "on a new connection"
