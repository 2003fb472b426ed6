"""A job from its folder to the service's books, with real processes."""

import hashlib


def test_a_script_runs_to_its_end(room):
    """What a script prints and leaves in ./outputs is with the service before the last word."""
    script = "print('hello'); open('outputs/model.txt', 'w').write('weights')"
    finish = room.run(script)
    assert finish["outcome"] == "completed"
    assert finish["exit_code"] == 0
    assert room.service.driver_log == b"hello\n"
    digest = hashlib.sha256(b"weights").hexdigest()
    assert room.service.files["outputs/model.txt"]["digest"] == digest
    assert room.service.blobs[digest] == b"weights"
    assert room.service.states == ["running", "finalizing"]
    assert room.service.order[-1] == "/nodes/0/finish"
