"""Child processes that end with their task."""

import os
import subprocess

from qhls.system.processes import Children


def test_a_process_that_has_just_ended_is_killed_without_an_error():
    children = Children()
    process = subprocess.Popen(["true"], start_new_session=True, text=True)
    children._running.append(process)
    with process._waitpid_lock:  # the thread that waits for it
        os.waitpid(process.pid, 0)
        assert process.poll() is None
        children.stop()
    process.wait()
