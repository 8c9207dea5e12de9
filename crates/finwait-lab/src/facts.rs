//! Facts about a lab: all that its owner needs to know of it.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

use crate::syn::SynPatience;
use finwait_model::host::{Port, Setting, SettingValue};
use finwait_model::side::Ends;

/// A lab's properties, as far as commands and the screen need to know them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabFacts {
    /// The kind of lab: isolated or loopback.
    pub kind: LabKind,
    /// The hosts' addresses; in the loopback lab twice the same.
    pub addresses: Ends<IpAddr>,
    /// Do hosts leave checksums and the cutting into segments to their devices, so that super-segments are on the wire?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub offload: bool,
    /// The port that the server listens on unless another one is given.
    pub port: Port,
    /// The hosts' settings as they were at the beginning; none in the loopback lab.
    pub settings: Ends<Vec<(Setting, SettingValue)>>,
    /// The time that a connect into silence takes on this machine, outside the lab; none where procfs does not say.
    pub syn_patience: Option<SynPatience>,
    /// The reason why sock_diag is not available, if it is not: only procfs is read then, and no socket is destroyed.
    pub no_sock_diag: Option<String>,
    /// The connection of a capture that is shown in place of a lab: nothing was asked of a kernel, and there are no processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<CapturedConnection>,
}

/// A connection of a capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturedConnection {
    /// The file's name.
    pub file: String,
    /// The connection's number in it, from 1 on.
    pub connection: u64,
    /// The addresses of its ends.
    pub addresses: Ends<SocketAddr>,
}

/// The two kinds of lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabKind {
    /// Two network namespaces, joined by the wire.
    Isolated,
    /// The host's own loopback address, without a wire; the text says why, when the user did not ask for it.
    Loopback(Option<String>),
}
