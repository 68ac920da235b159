"""Somebody who runs a notebook, and signs in where it asks for that; for tests."""

import json
import re

import httpx
from nbclient import NotebookClient


class Person(NotebookClient):
    """Runs a notebook, and does what it asks a person to do as soon as it does."""

    def __init__(self, notebook, user, **options):
        super().__init__(notebook, **options)
        self.user = user
        self.asked = []
        """The cells in which a prompt was, with page and code."""

    async def async_start_new_kernel_client(self):
        client = await super().async_start_new_kernel_client()
        # NotebookClient says with each cell that nobody is there.
        client.allow_stdin = True
        return client

    def process_message(self, msg, cell, cell_index):
        shown = json.dumps(msg["content"].get("data", {}))
        if code := re.search(r"<code[^>]*>(\w+)</code>", shown):
            page = re.search(r'href=\\"(https://[^"\\]+)', shown)[1]
            self.asked.append((cell_index, page, code[1]))
            answer = httpx.post(page, data={"user_code": code[1], "username": self.user["name"], **self.password()})
            assert "Signed in" in answer.text, answer.text
        return super().process_message(msg, cell, cell_index)

    def password(self):
        return {"password": self.user["password"]}
