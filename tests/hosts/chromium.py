"""A person at a browser: opens a page in headless Chromium, signs in by its form, and tells where that led.

    chromium.py <file for the answer> <password, or "cancel"> <address>

For `BROWSER=`, whose programs have no standard output that anybody reads. The name is the one in the form already.
"""

import os
import sys

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

answer, password, address = sys.argv[1:]
with open(answer, "w", encoding="utf-8") as told:
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    # The stand-in Entra's certificate is from an authority of its own.
    options.accept_insecure_certs = True
    profile = os.path.join(os.path.dirname(answer), "profile")
    for argument in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={profile}"]:
        options.add_argument(argument)
    with webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver")) as driver:
        driver.get(address)
        name = driver.find_element(By.ID, "username").get_attribute("value")
        if password == "cancel":
            driver.find_element(By.ID, "cancel").click()
        else:
            driver.find_element(By.ID, "password").send_keys(password)
            driver.find_element(By.ID, "submit").click()
        # A page that is just being replaced answers with errors of several kinds.
        wait = WebDriverWait(driver, 30, ignored_exceptions=[WebDriverException])
        wait.until(lambda driver: driver.current_url.startswith("http://localhost:"))
        page = wait.until(lambda driver: driver.find_element(By.TAG_NAME, "body").text)
        print(name, driver.title, page.replace("\n", " "), sep="\n", file=told)
