//! Messages of the kernel's log about TCP and its sockets: which one a line is, which function prints it, what the connections see of it,
//! and the settings and counters that go with it. Words are in `assets/explain/kernel-log.toml`.

use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::fmt;

use crate::text::kernel_log;
use crate::wording::logged_ends;

/// The most things (ports, devices, addresses) that are listed as what lines of one message are about.
const MOST_ABOUT: usize = 5;

/// The words of a message, as `kernel-log.toml` has them.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// What has happened.
    pub means: &'static str,
    /// What the connections see of it.
    pub sees: &'static str,
    /// What mends it.
    pub mends: &'static str,
}

/// What is known of a message.
#[derive(Clone, Copy, Debug)]
pub struct KernelMessage {
    /// The message.
    pub id: KernelMessageId,
    /// Words in small letters, all of which are in the line.
    signs: &'static [&'static str],
    /// The words before what it is about, and the letters that end that.
    about: Option<(&'static str, &'static [char])>,
    /// The function of the kernel that prints it.
    pub printed_by: &'static str,
    /// The settings that it hangs on.
    pub settings: &'static [&'static str],
    /// The counters that move with it, by nstat's name.
    pub counters: &'static [&'static str],
    /// A scenario that shows what the connections see.
    pub scenario: Option<&'static str>,
    /// The words.
    pub text: Text,
}

macro_rules! messages {
    ($($id:ident $name:literal [$($sign:literal),+] $about:expr, $function:literal, [$($setting:literal),*], [$($counter:literal),*], $scenario:expr, $text:ident;)*) => {
        /// A message of the kernel.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum KernelMessageId {
            $(
                #[doc = concat!("`", $name, "`")]
                #[serde(rename = $name)]
                $id,
            )*
        }

        impl KernelMessageId {
            /// The name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(KernelMessageId::$id => $name,)*
                }
            }
        }

        /// The messages that are known. Where a line has the signs of two, the first one counts.
        pub const KERNEL_MESSAGES: &[KernelMessage] = &[$(KernelMessage {
            id: KernelMessageId::$id,
            signs: &[$($sign),+],
            about: $about,
            printed_by: $function,
            settings: &[$($setting),*],
            counters: &[$($counter),*],
            scenario: $scenario,
            text: kernel_log::$text,
        }),*];
    };
}

messages! {
    SynFloodDrop "syn-flood-drop" ["possible syn flooding on port ", "dropping request"] PORT, "tcp_syn_flood_action",
        ["net.ipv4.tcp_syncookies", "net.core.somaxconn", "net.ipv4.tcp_max_syn_backlog"],
        ["TcpExtTCPReqQFullDrop", "TcpExtListenDrops"], Some("syn-lost-timeout"), SYN_FLOOD_DROP;
    SynFloodCookies "syn-flood-cookies" ["possible syn flooding on port "] PORT, "tcp_syn_flood_action",
        ["net.core.somaxconn", "net.ipv4.tcp_max_syn_backlog", "net.ipv4.tcp_syncookies"],
        ["TcpExtTCPReqQFullDoCookies", "TcpExtSyncookiesSent"], None, SYN_FLOOD_COOKIES;
    OpenRequestDropped "open-request-dropped" ["drop open request from "] Some(("from ", &[' '])), "tcp_conn_request",
        ["net.ipv4.tcp_syncookies", "net.ipv4.tcp_max_syn_backlog"], ["TcpExtListenDrops"], Some("syn-lost-timeout"), OPEN_REQUEST_DROPPED;
    Orphans "orphans" ["too many orphaned sockets"] None, "tcp_check_oom",
        ["net.ipv4.tcp_max_orphans", "net.ipv4.tcp_orphan_retries", "net.ipv4.tcp_fin_timeout"], ["TcpExtTCPAbortOnMemory"], None, ORPHANS;
    TimeWaitOverflow "time-wait-overflow" ["time wait bucket table overflow"] None, "tcp_time_wait",
        ["net.ipv4.tcp_max_tw_buckets"], ["TcpExtTCPTimeWaitOverflow"], None, TIME_WAIT_OVERFLOW;
    OutOfMemory "out-of-memory" ["tcp: out of memory"] None, "tcp_check_oom",
        ["net.ipv4.tcp_mem"], ["TcpExtTCPAbortOnMemory", "TcpExtTCPMemoryPressures", "TcpExtTCPRcvQDrop"], None, OUT_OF_MEMORY;
    OutOfSocketMemory "out-of-socket-memory" ["out of socket memory"] None, "tcp_out_of_resources",
        ["net.ipv4.tcp_mem", "net.ipv4.tcp_max_orphans"], ["TcpExtTCPAbortOnMemory"], None, OUT_OF_MEMORY;
    ShrunkWindow "shrunk-window" ["unexpectedly shrunk window"] PEER, "tcp_retransmit_timer",
        [], [], Some("zero-window"), SHRUNK_WINDOW;
    ZeroWindowProbe "zero-window-probe" ["probing zero-window on "] Some(("on ", &[',', ' '])), "tcp_retransmit_timer",
        [], ["TcpExtTCPWinProbe"], Some("zero-window"), ZERO_WINDOW_PROBE;
    ConntrackFull "conntrack-full" ["_conntrack: table full"] None, "__nf_conntrack_alloc",
        ["net.netfilter.nf_conntrack_max", "net.netfilter.nf_conntrack_buckets", "net.netfilter.nf_conntrack_tcp_timeout_established"],
        [], Some("syn-lost-timeout"), CONNTRACK_FULL;
    NeighbourOverflow "neighbour-overflow" ["neighbo", "table overflow"] None, "neigh_alloc",
        ["net.ipv4.neigh.default.gc_thresh3", "net.ipv6.neigh.default.gc_thresh3"], [], None, NEIGHBOUR_OVERFLOW;
    Md5 "md5" ["md5 hash "] Some(("for ", &[' '])), "tcp_inbound_md5_hash", [], [], Some("syn-lost-timeout"), MD5;
    WindowScale "window-scale" ["illegal window scaling value"] None, "tcp_parse_options",
        ["net.ipv4.tcp_window_scaling"], [], None, WINDOW_SCALE;
    Gro "gro" ["driver has suspect gro implementation"] Some(("tcp: ", &[':'])), "tcp_gro_dev_warn", [], [], None, GRO;
    PeekRace "peek-race" ["application bug, race in msg_peek"] Some(("tcp(", &[')'])), "tcp_recvmsg_locked", [], [], None, PEEK_RACE;
    Martian "martian" ["martian source "] Some(("martian source ", &[','])), "ip_handle_martian_source",
        ["net.ipv4.conf.all.rp_filter", "net.ipv4.conf.all.log_martians"], ["TcpExtIPReversePathFilter"], Some("syn-lost-timeout"), MARTIAN;
    FileMax "file-max" ["vfs: file-max limit "] None, "alloc_empty_file", ["fs.file-max"], [], Some("too-many-open-files"), FILE_MAX;
    PacketLogged "packet-logged" [" out=", " src=", " dst=", "proto=tcp"] Some((" dst=", &[' '])), "nf_log_ip_packet",
        [], [], Some("syn-lost-timeout"), PACKET_LOGGED;
    Suppressed "suppressed" ["net_ratelimit: ", " callbacks suppressed"] None, "___ratelimit",
        ["net.core.message_cost", "net.core.message_burst"], [], None, SUPPRESSED;
    SuppressedTcp "suppressed-tcp" ["tcp: ", " callbacks suppressed"] None, "___ratelimit",
        ["net.core.message_cost", "net.core.message_burst"], [], None, SUPPRESSED;
}

const PORT: Option<(&str, &[char])> = Some(("on port ", &[' ']));
const PEER: Option<(&str, &[char])> = Some(("peer ", &[' ']));

impl fmt::Display for KernelMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl KernelMessage {
    /// Returns what a line of it is about: a port, a peer, a device.
    fn about(&self, low: &str) -> Option<String> {
        const LONGEST: usize = 80;
        if self.id == KernelMessageId::PacketLogged
            && let Some((from, to)) = logged_ends(low)
        {
            return Some(format!("{from} -> {to}"));
        }
        let (before, ends) = self.about?;
        let (_, rest) = low.split_once(before)?;
        let about = rest.split(|c| ends.contains(&c)).next()?.trim_end_matches('.');
        let is_plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        (!about.is_empty() && about.len() <= LONGEST && about.bytes().all(is_plain)).then(|| about.to_owned())
    }
}

/// Returns the message that a line is, whatever stands before it (`[12345.678]`, `kernel:`, a date and a host); none where it is none.
pub fn kernel_message(line: &str) -> Option<&'static KernelMessage> {
    of_low(&line.to_ascii_lowercase())
}

fn of_low(low: &str) -> Option<&'static KernelMessage> {
    KERNEL_MESSAGES
        .iter()
        .find(|message| message.signs.iter().all(|sign| low.contains(sign)))
}

/// A message, how often it came, and what its lines are about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TalliedMessage {
    /// The message.
    pub id: KernelMessageId,
    /// The number of lines.
    pub lines: u64,
    /// The number of the first, from 1 on.
    pub first: u64,
    /// The ports, peers or devices that they are about, each once; no more than a few.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
}

/// The messages of the kernel in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelTally(Vec<TalliedMessage>);

impl KernelTally {
    /// Takes in a line; false where it is no message that is known.
    pub fn line(&mut self, line: &str, number: u64) -> bool {
        let low = line.to_ascii_lowercase();
        let Some(message) = of_low(&low) else { return false };
        let tallied = match self.0.iter_mut().find(|tallied| tallied.id == message.id) {
            Some(tallied) => tallied,
            None => {
                self.0.push(TalliedMessage {
                    id: message.id,
                    lines: 0,
                    first: number,
                    about: Vec::new(),
                });
                let Some(last) = self.0.last_mut() else { return false };
                last
            }
        };
        tallied.lines += 1;
        if tallied.about.len() < MOST_ABOUT
            && let Some(about) = message.about(&low)
            && !tallied.about.contains(&about)
        {
            tallied.about.push(about);
        }
        true
    }

    /// Was there none?
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The messages with what is known of them, the most frequent first; that others were left out comes last.
    pub fn most_first(&self) -> Vec<(&'static KernelMessage, &TalliedMessage)> {
        let known = |id| KERNEL_MESSAGES.iter().find(|message| message.id == id);
        let mut all: Vec<_> = self
            .0
            .iter()
            .filter_map(|tallied| Some((known(tallied.id)?, tallied)))
            .collect();
        let is_last = |id| matches!(id, KernelMessageId::Suppressed | KernelMessageId::SuppressedTcp);
        all.sort_by_key(|(_, tallied)| (is_last(tallied.id), Reverse(tallied.lines), tallied.first));
        all
    }
}
