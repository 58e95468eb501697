from __future__ import annotations

import pytest

from tests.vm.contents import RigError
from tests.vm.kernels import bring, holder_of, image, package_of

PACKAGES = (
    "linux-image-5.10.0-9-cloud-amd64",
    "linux-image-5.10.0-46-cloud-amd64",
    "linux-image-5.10.0-46-cloud-amd64-dbg",
    "linux-image-6.1.0-57-cloud-amd64",
    "linux-image-6.12.117+deb13-cloud-amd64",
    "linux-image-6.12.117+deb13-cloud-amd64-unsigned",
    "linux-image-6.12.117+deb13-amd64",
    "linux-image-cloud-amd64",
)


@pytest.mark.parametrize(
    ("release", "package"),
    [
        ("5.10", "linux-image-5.10.0-46-cloud-amd64"),
        ("6.1", "linux-image-6.1.0-57-cloud-amd64"),
        ("6.12", "linux-image-6.12.117+deb13-cloud-amd64"),
        ("oldest", "linux-image-5.10.0-9-cloud-amd64"),
        ("newest", "linux-image-6.12.117+deb13-cloud-amd64"),
    ],
)
def test_a_release_is_its_newest_kernel_for_the_cloud(release: str, package: str) -> None:
    assert package_of(PACKAGES, release) == package


@pytest.mark.parametrize(
    ("packages", "holder"),
    [(["linux-binary-7.3-a"], "linux-binary-7.3-a"), (["linux-image-7.3-a"], "linux-image-7.3-a")],
)
def test_the_kernel_is_in_the_package_that_its_own_depends_on(packages: list[str], holder: str) -> None:
    assert holder_of("linux-image-7.3-a", packages) == holder


def test_a_release_that_debian_lacks_is_told() -> None:
    with pytest.raises(RigError, match=r"Debian has no kernel 6\.11 for the cloud"):
        package_of(PACKAGES, "6.11")


def test_what_is_no_release_is_told() -> None:
    with pytest.raises(RigError, match=r"expected the release of a kernel such as 6\.12, oldest or newest, found"):
        bring("../x")


def test_a_kernel_that_is_not_there_says_how_to_bring_it() -> None:
    with pytest.raises(RigError, match=r"run `make vm-setup KERNEL=0\.1`"):
        image("0.1")
