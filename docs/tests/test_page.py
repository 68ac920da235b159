"""How a page is read."""

import pytest
from page import Commands, File, Page, is_printed

PAGE = """# A page
`who.py`:

```python
print("ada")
```

- a list
  ```sh background
  serve
  ```

```sh
python who.py
```

It prints who it is, `<a name>`:

```text
ada
```
"""


def test_files_commands_and_what_they_print_are_found_in_their_order(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(PAGE)
    file, server, commands = Page(path).steps()
    assert file == File("who.py", 'print("ada")\n')
    assert server == Commands("serve\n", background=True)
    assert commands == Commands("python who.py\n", printed=["ada"])


@pytest.mark.parametrize(
    ("wanted", "printed", "fits"),
    [
        (["ada"], "ada\n", True),
        (["ada"], "grace\n", False),
        (["ada"], "ada\ngrace\n", False),
        (["ada", "grace"], "ada\n", False),
        (["…@contoso.com"], "ada@contoso.com", True),
        (["…@contoso.com"], "ada@contoso.example", False),
        (["…", "ada"], "one\ntwo\nada\n", True),
        (["…", "ada"], "one\ntwo\n", False),
    ],
)
def test_what_is_printed_is_compared_line_by_line(wanted, printed, fits):
    assert is_printed(wanted, printed) is fits
