"""Runs a program on a terminal of its own; once it asks for a secret, types that, or Ctrl-C, or sends it SIGTERM."""
import os
import pty
import signal
import sys
import termios

typed, program = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(program[0], program)
shown = b""
while b": " not in shown:
    shown += os.read(terminal, 1024)
# By now nothing is shown of what is typed.
if typed == "terminate":
    os.kill(pid, signal.SIGTERM)
else:
    os.write(terminal, os.environ["SECRET"].encode() + b"\n" if typed == "secret" else b"\x03")
while True:
    try:
        more = os.read(terminal, 65536)
    except OSError:
        break
    if not more:
        break
    shown += more
echo = bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
_, status = os.waitpid(pid, 0)
sys.stdout.write(shown.decode().replace("\r\n", "\n"))
print(f"\nended with {os.waitstatus_to_exitcode(status)}, echo {echo}")
