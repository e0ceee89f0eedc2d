"""All planted faults, by their names."""

from collections.abc import Mapping

from tests.planted import faults_of_helpdesk, faults_of_stockroom, faults_of_thermostats, faults_of_twins
from tests.planted.fault import Fault

FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for module in (faults_of_twins, faults_of_stockroom, faults_of_helpdesk, faults_of_thermostats)
    for fault in module.FAULTS
}
