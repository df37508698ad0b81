"""Programs are started in one way, and however they end, it has a name."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest

from edgekit.core import processes
from edgekit.core.errors import Unavailable


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def is_alive(pid: int) -> bool:
    """Whether a process that is not our child runs, and not only waits to be collected."""
    for _ in range(50):
        found = processes.run(["ps", "-o", "stat=", "-p", str(pid)]).stdout.strip()
        if not found or found.startswith("Z"):
            return False
        time.sleep(0.1)
    return True


def test_what_a_program_prints_is_returned() -> None:
    done = processes.run(python("import sys; print('out'); print('err', file=sys.stderr)"))
    assert done == processes.Finished(ending="exit code 0", stdout="out\n", stderr="err\n")
    assert done.ok


def test_bytes_that_are_no_text_do_no_harm() -> None:
    assert processes.run(python("import os; os.write(1, b'a\\xffb')")).stdout == "a\ufffdb"


def test_much_output_on_both_channels_does_not_block() -> None:
    code = "import sys; print('x' * 500_000); print('y' * 500_000, file=sys.stderr)"
    done = processes.run(python(code), timeout_s=30)
    assert (len(done.stdout), len(done.stderr)) == (500_001, 500_001)


def test_a_program_has_no_input_to_wait_for() -> None:
    assert processes.run(python("import sys; print(repr(sys.stdin.read()))")).stdout == "''\n"


def test_environment_and_folder_are_those_given(tmp_path: Path) -> None:
    code = "import os; print(os.environ['COLOUR'], os.getcwd())"
    done = processes.run(python(code), env={"COLOUR": "red"}, cwd=tmp_path)
    assert done.stdout == f"red {tmp_path}\n"


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("raise SystemExit(3)", "exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("raise SystemExit(128 + 11)", "SIGSEGV"),  # as a shell or qemu tells of it
        ("raise SystemExit(255)", "exit code 255"),
        ("raise SystemExit(128)", "exit code 128"),
    ],
)
def test_an_ending_has_a_name(code: str, ending: str) -> None:
    done = processes.run(python(code))
    assert done.ending == ending
    assert not done.ok


def test_a_missing_program_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"^edgekit cannot start '/nowhere/tool': No such file"):
        processes.run(["/nowhere/tool"])


def test_a_file_that_is_no_program_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    with pytest.raises(Unavailable, match="Permission denied"):
        processes.run([str(tmp_path / "text")])


def test_a_program_that_hangs_is_killed_with_all_that_it_started() -> None:
    code = (
        "import subprocess, time\n"
        "print(subprocess.Popen(['sleep', '60']).pid, flush=True)\n"
        "time.sleep(60)"
    )
    began = time.monotonic()
    done = processes.run(python(code), timeout_s=2.0)
    assert time.monotonic() - began < 10
    assert done.ending == "timeout"
    assert not is_alive(int(done.stdout))


def test_a_program_that_leaves_another_behind_does_not_outstay_its_time() -> None:
    """The one left behind holds the output open, in the same group or in one of its own."""
    for detached in (False, True):
        code = (
            "import subprocess\n"
            f"p = subprocess.Popen(['sleep', '60'], start_new_session={detached})\n"
            "print(p.pid, flush=True)"
        )
        began = time.monotonic()
        done = processes.run(python(code), timeout_s=2.0)
        assert time.monotonic() - began < 10
        assert done.ending == "timeout"
        if detached:
            os.kill(int(done.stdout), signal.SIGKILL)
        else:
            assert not is_alive(int(done.stdout))


def test_an_interruption_ends_the_program(tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    pid = tmp_path / "pid"
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(2)
    try:
        code = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
        with pytest.raises(KeyboardInterrupt):
            processes.run(python(code))
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert not is_alive(int(pid.read_text()))


def test_a_cause_is_the_marked_line_else_the_last_else_the_ending() -> None:
    stderr = "W: slow mirror\nE: no network\nE: giving up\n\n"
    done = processes.Finished(ending="exit code 100", stdout="", stderr=stderr)
    assert done.cause("E:", "dpkg") == "E: no network"
    assert done.cause("nothing begins so") == "E: giving up"
    assert done.cause() == "E: giving up"
    assert processes.Finished(ending="SIGKILL", stdout="", stderr=" \n").cause("E:") == "SIGKILL"
    assert len(processes.Finished(ending="x", stdout="", stderr="y" * 999).cause()) == 200


def test_a_program_that_is_talked_with_ends_by_itself_or_is_ended() -> None:
    code = "import sys; print(sys.stdin.readline(), end='', flush=True); sys.stdin.read()"
    with tempfile.TemporaryFile() as log:
        for close_input, ending in ((True, "exit code 0"), (False, "SIGKILL")):
            with processes.start(python(code), log=log) as process:
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(b"hello\n")
                process.stdin.flush()
                assert process.stdout.readline() == b"hello\n"
                if close_input:
                    process.stdin.close()
                grace = 10.0 if close_input else 0.2
                assert processes.end(process, grace_s=grace) == ending
                processes.kill(process)  # once more does no harm
                assert processes.end(process) == ending


def test_a_block_that_takes_too_long_loses_its_program() -> None:
    with tempfile.TemporaryFile() as log:
        process = processes.start(python("import time; time.sleep(60)"), log=log)
        with process, processes.killed_after(process, 0.3) as expired:
            assert not expired.is_set()
            assert process.wait(timeout=10) == -signal.SIGKILL
        assert expired.is_set()
        process = processes.start(python("pass"), log=log)
        with process, processes.killed_after(process, 60.0) as expired:
            process.wait()
        assert not expired.is_set()


def test_all_that_runs_can_be_killed_at_once(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        started = [processes.start(["sleep", "60"], log=log) for _ in range(2)]
    processes.kill_all()
    assert [processes.end(process) for process in started] == ["SIGKILL", "SIGKILL"]
    for process in started:
        process.communicate()
