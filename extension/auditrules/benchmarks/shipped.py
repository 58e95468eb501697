"""The table of shipped benchmarks: one row for each file of `data/`, the versions of a benchmark in order.

With it, the benchmarks for a system are known without opening a file.
"""

from __future__ import annotations

from auditrules.values import dataclass


@dataclass(frozen=True, slots=True)
class ShippedBenchmark:
    """One version of a shipped benchmark, with the top-level values of its file.

    `systems` are ids of os-release with a version, such as `debian 12`; empty: any system. `instead_of_none`: only for
    a system that has no other benchmark. `by_request`: judged only if a user names it.
    """

    short_name: str
    name: str
    version: str
    systems: tuple[str, ...] = ()
    instead_of_none: bool = False
    by_request: bool = False

    @property
    def file(self) -> str:
        """The name of its file in `data/`."""
        return f"{self.short_name}-{self.version}.json"


SHIPPED = (
    ShippedBenchmark("cis-docker", "CIS Docker Benchmark", "1.2.0"),
    ShippedBenchmark("cis-docker", "CIS Docker Benchmark", "1.3.1"),
    ShippedBenchmark("cis-docker", "CIS Docker Benchmark", "1.5.0"),
    ShippedBenchmark("cis-docker", "CIS Docker Benchmark", "1.6.0"),
    ShippedBenchmark("cis-docker", "CIS Docker Benchmark", "1.7.0"),
    ShippedBenchmark("cis-docker", "CIS Docker Benchmark", "1.8.0"),
    ShippedBenchmark("cis-ubuntu-20.04", "CIS Ubuntu Linux 20.04 LTS Benchmark", "1.1.0", ("ubuntu 20.04",)),
    ShippedBenchmark("cis-ubuntu-20.04", "CIS Ubuntu Linux 20.04 LTS Benchmark", "2.0.1", ("ubuntu 20.04",)),
    ShippedBenchmark("cis-ubuntu-22.04", "CIS Ubuntu Linux 22.04 LTS Benchmark", "1.0.0", ("ubuntu 22.04",)),
    ShippedBenchmark("cis-ubuntu-22.04", "CIS Ubuntu Linux 22.04 LTS Benchmark", "2.0.0", ("ubuntu 22.04",)),
    ShippedBenchmark("cis-ubuntu-22.04", "CIS Ubuntu Linux 22.04 LTS Benchmark", "3.0.0", ("ubuntu 22.04",)),
    ShippedBenchmark("cis-ubuntu-24.04", "CIS Ubuntu Linux 24.04 LTS Benchmark", "1.0.0", ("ubuntu 24.04",)),
    ShippedBenchmark("cis-debian-11", "CIS Debian Linux 11 Benchmark", "1.0.0", ("debian 11",)),
    ShippedBenchmark("cis-debian-12", "CIS Debian Linux 12 Benchmark", "1.1.0", ("debian 12",)),
    ShippedBenchmark("cis-debian-13", "CIS Debian Linux 13 Benchmark", "1.0.0", ("debian 13",)),
    ShippedBenchmark("cis-rhel-8", "CIS Red Hat Enterprise Linux 8 Benchmark", "1.0.1", ("rhel 8",)),
    ShippedBenchmark("cis-rhel-8", "CIS Red Hat Enterprise Linux 8 Benchmark", "2.0.0", ("rhel 8",)),
    ShippedBenchmark("cis-rhel-8", "CIS Red Hat Enterprise Linux 8 Benchmark", "3.0.0", ("rhel 8",)),
    ShippedBenchmark("cis-rhel-8", "CIS Red Hat Enterprise Linux 8 Benchmark", "4.0.0", ("rhel 8",)),
    ShippedBenchmark("cis-rhel-9", "CIS Red Hat Enterprise Linux 9 Benchmark", "1.0.0", ("rhel 9",)),
    ShippedBenchmark("cis-rhel-9", "CIS Red Hat Enterprise Linux 9 Benchmark", "2.0.0", ("rhel 9",)),
    ShippedBenchmark("cis-rhel-10", "CIS Red Hat Enterprise Linux 10 Benchmark", "1.0.1", ("rhel 10",)),
    ShippedBenchmark("cis-almalinux-8", "CIS AlmaLinux OS 8 Benchmark", "2.0.0", ("almalinux 8",)),
    ShippedBenchmark("cis-almalinux-9", "CIS AlmaLinux OS 9 Benchmark", "1.0.0", ("almalinux 9",)),
    ShippedBenchmark("cis-almalinux-9", "CIS AlmaLinux OS 9 Benchmark", "2.0.0", ("almalinux 9",)),
    ShippedBenchmark("cis-rocky-8", "CIS Rocky Linux 8 Benchmark", "1.0.0", ("rocky 8",)),
    ShippedBenchmark("cis-rocky-9", "CIS Rocky Linux 9 Benchmark", "1.0.0", ("rocky 9",)),
    ShippedBenchmark("cis-rocky-9", "CIS Rocky Linux 9 Benchmark", "2.0.0", ("rocky 9",)),
    ShippedBenchmark("cis-ol-9", "CIS Oracle Linux 9 Benchmark", "1.0.0", ("ol 9",)),
    ShippedBenchmark("cis-amzn-2", "CIS Amazon Linux 2 Benchmark", "2.0.0", ("amzn 2",)),
    ShippedBenchmark("cis-amzn-2", "CIS Amazon Linux 2 Benchmark", "3.0.0", ("amzn 2",)),
    ShippedBenchmark("cis-amzn-2023", "CIS Amazon Linux 2023 Benchmark", "1.0.0", ("amzn 2023",)),
    ShippedBenchmark("cis-sles-15", "CIS SUSE Linux Enterprise 15 Benchmark", "1.1.1", ("sles 15",)),
    ShippedBenchmark("cis-sles-15", "CIS SUSE Linux Enterprise 15 Benchmark", "2.0.1", ("sles 15",)),
    ShippedBenchmark("cis-dil", "CIS Distribution Independent Linux Benchmark", "2.0.0", (), instead_of_none=True),
    ShippedBenchmark("stig-rhel-8", "DISA RHEL 8 STIG", "V2R8", ("rhel 8",)),
    ShippedBenchmark("stig-rhel-9", "DISA RHEL 9 STIG", "V2R9", ("rhel 9",)),
    ShippedBenchmark("stig-rhel-10", "DISA RHEL 10 STIG", "V1R2", ("rhel 10",)),
    ShippedBenchmark("stig-ol-8", "DISA Oracle Linux 8 STIG", "V2R9", ("ol 8",)),
    ShippedBenchmark("stig-ol-9", "DISA Oracle Linux 9 STIG", "V1R6", ("ol 9",)),
    ShippedBenchmark("stig-sles-15", "DISA SLES 15 STIG", "V2R7", ("sles 15",)),
    ShippedBenchmark("stig-ubuntu-20.04", "DISA Ubuntu 20.04 STIG", "V1R12", ("ubuntu 20.04",)),
    ShippedBenchmark("stig-ubuntu-22.04", "DISA Ubuntu 22.04 STIG", "V2R8", ("ubuntu 22.04",)),
    ShippedBenchmark("stig-ubuntu-24.04", "DISA Ubuntu 24.04 STIG", "V1R1", ("ubuntu 24.04",)),
    ShippedBenchmark("audit-userspace-ospp", "audit-userspace rules for OSPP 4.2", "ea855020", (), by_request=True),
    ShippedBenchmark(
        "audit-userspace-pci-dss", "audit-userspace rules for PCI DSS 3.1", "ea855020", (), by_request=True
    ),
    ShippedBenchmark("audit-userspace-stig", "audit-userspace 30-stig.rules", "ea855020", (), by_request=True),
)
"""Every benchmark that ships; the last row of a name is its newest version."""
