"""DATEV's own sample files: read, found right, written again byte for byte.

The last line of each is cut, and their line ends were changed on the way here.
"""

import pytest

from connector.datev.extf import check_file, read_file, write_file
from tests.unit.datev.partner_file_list import SAMPLES
from tests.unit.datev.partner_files import partner_file


@pytest.fixture(params=SAMPLES, ids=[name for name, _ in SAMPLES])
def sample(request):
    name, category = request.param
    lines = partner_file(f"extf/{name}").read_bytes().splitlines()[:-1]
    return b"\r\n".join(lines) + b"\r\n", str(category), len(lines) - 2


def test_a_sample_is_read_whole(sample):
    data, category, rows = sample

    file = read_file(data)

    assert (category, rows) == (file.category, len(file.rows))


def test_a_sample_has_no_problem(sample):
    data, _, _ = sample

    assert [] == check_file(read_file(data))


def test_a_sample_is_written_again_byte_for_byte(sample):
    data, _, _ = sample

    assert data == write_file(read_file(data))
