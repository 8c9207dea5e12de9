//! Requirements for a fresh lab.

use crate::lab::LabMode;
use crate::runtime::Runtime;
use crate::scenario::Scenario;
use crate::session::lineup::FirstProgram;
use crate::side::Ends;

/// Requirements for a fresh lab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabSpec {
    /// The wire is needed.
    pub isolated: bool,
    /// The family that it is for: IPv6 alone, or IPv4 alone.
    pub ipv6: Option<bool>,
    /// The wire that it is for: with super-segments, or with segments as a cable carries them.
    pub offload: Option<bool>,
    /// The runtimes that it says drive the ends.
    pub driven: Ends<Runtime>,
    /// The programs that its run begins with.
    pub programs: Ends<Vec<FirstProgram>>,
    /// The user's own choice of the lab, which goes before the others.
    pub chosen: Option<ChosenLab>,
    /// Whether nothing of it goes into the recording, which is of another lab.
    pub unrecorded: bool,
}

/// A lab as the user chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChosenLab {
    /// The kind.
    pub mode: LabMode,
    /// Whether its addresses are of IPv6.
    pub ipv6: bool,
    /// What drives the ends; none for what does since the program was started.
    pub runtimes: Ends<Option<Runtime>>,
}

impl LabSpec {
    /// The requirements of a scenario.
    pub fn of(scenario: &Scenario) -> LabSpec {
        LabSpec {
            isolated: scenario.isolated,
            ipv6: scenario.ipv6,
            offload: scenario.offload,
            driven: scenario.driven,
            programs: scenario.programs.clone(),
            chosen: None,
            unrecorded: false,
        }
    }

    /// The requirements of a lab that stands beside another for a while.
    pub fn beside(scenario: &Scenario) -> LabSpec {
        LabSpec {
            unrecorded: true,
            ..LabSpec::of(scenario)
        }
    }

    /// Returns whether a compiler may have to work before the lab that the user chose can start.
    pub fn may_compile(&self) -> bool {
        let runtimes = self.chosen.iter().flat_map(|chosen| chosen.runtimes.iter());
        runtimes
            .filter_map(|(_, runtime)| *runtime)
            .any(|runtime| runtime.needs().is_some())
    }
}
