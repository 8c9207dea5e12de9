//! Settings of a host: what can be turned in a lab's own network namespaces, and of the process that has the sockets.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::typed;

/// A TCP or UDP port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Port(pub u16);

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A setting of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// `net.ipv4.tcp_syn_retries`: for how long an unanswered SYN is sent again, as the time that so many doublings of a second make;
    /// `SynPatience` of finwait-lab works it out.
    TcpSynRetries,
    /// `net.ipv4.tcp_retries2`: how often unacknowledged data is sent again.
    TcpRetries2,
    /// `net.ipv4.tcp_fin_timeout`: seconds that an orphan stays in FIN_WAIT2.
    TcpFinTimeout,
    /// `net.ipv4.tcp_abort_on_overflow`: a full accept queue answers the last ACK of a handshake with RST.
    TcpAbortOnOverflow,
    /// `net.ipv4.ip_local_port_range`: the ports that connect chooses from.
    IpLocalPortRange,
    /// The default route, a lab host's only one.
    DefaultRoute,
    /// The network device.
    Device,
    /// The MTU of the network device: the longest IP packet that the host sends, bytes, and what the maximum segment size that it offers
    /// comes from.
    Mtu,
    /// `RLIMIT_NOFILE` of the endpoint's process, its soft limit: no descriptor is made whose number is not below it. What is open
    /// stays open.
    Nofile,
}

/// The scope of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingScope {
    /// The host's kernel: the sysctl of that name.
    Kernel(&'static str),
    /// The way from the host to the wire.
    Network,
    /// The endpoint's process.
    Process,
}

/// The form of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// A number in a range, both ends included.
    Number(u32, u32),
    /// Seconds, so many at most.
    Seconds(u32),
    /// `low-high`, two ports.
    Ports,
    /// One of two words; the first means on.
    Switch(&'static str, &'static str),
}

impl Setting {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Setting; 9] = [
        Setting::TcpSynRetries,
        Setting::TcpRetries2,
        Setting::TcpFinTimeout,
        Setting::TcpAbortOnOverflow,
        Setting::IpLocalPortRange,
        Setting::DefaultRoute,
        Setting::Device,
        Setting::Mtu,
        Setting::Nofile,
    ];

    /// The name in commands.
    pub const fn name(self) -> &'static str {
        match self {
            Setting::TcpSynRetries => "tcp_syn_retries",
            Setting::TcpRetries2 => "tcp_retries2",
            Setting::TcpFinTimeout => "tcp_fin_timeout",
            Setting::TcpAbortOnOverflow => "tcp_abort_on_overflow",
            Setting::IpLocalPortRange => "ip_local_port_range",
            Setting::DefaultRoute => "default_route",
            Setting::Device => "device",
            Setting::Mtu => "mtu",
            Setting::Nofile => "nofile",
        }
    }

    /// Returns the scope.
    pub const fn scope(self) -> SettingScope {
        match self {
            Setting::TcpSynRetries => SettingScope::Kernel("net.ipv4.tcp_syn_retries"),
            Setting::TcpRetries2 => SettingScope::Kernel("net.ipv4.tcp_retries2"),
            Setting::TcpFinTimeout => SettingScope::Kernel("net.ipv4.tcp_fin_timeout"),
            Setting::TcpAbortOnOverflow => SettingScope::Kernel("net.ipv4.tcp_abort_on_overflow"),
            Setting::IpLocalPortRange => SettingScope::Kernel("net.ipv4.ip_local_port_range"),
            Setting::DefaultRoute | Setting::Device | Setting::Mtu => SettingScope::Network,
            Setting::Nofile => SettingScope::Process,
        }
    }

    /// Returns whether it is the machine's own in a lab without hosts. A process is ours in any lab.
    pub const fn is_the_hosts(self) -> bool {
        !matches!(self.scope(), SettingScope::Process)
    }

    /// The sysctl behind it, where it is one.
    pub const fn sysctl(self) -> Option<&'static str> {
        match self.scope() {
            SettingScope::Kernel(name) => Some(name),
            SettingScope::Network | SettingScope::Process => None,
        }
    }

    /// The form of the values.
    pub const fn kind(self) -> SettingKind {
        match self {
            // The kernel's own bounds: tcp_syn_retries_max is MAX_TCP_SYNCNT, 127; tcp_retries2 is a byte.
            Setting::TcpSynRetries => SettingKind::Number(1, 127),
            Setting::TcpRetries2 => SettingKind::Number(0, 255),
            Setting::TcpFinTimeout => SettingKind::Seconds(100_000),
            Setting::TcpAbortOnOverflow => SettingKind::Switch("on", "off"),
            Setting::IpLocalPortRange => SettingKind::Ports,
            Setting::DefaultRoute => SettingKind::Switch("on", "off"),
            Setting::Device => SettingKind::Switch("up", "down"),
            // What a TUN device takes: MIN_MTU to MAX_MTU.
            Setting::Mtu => SettingKind::Number(68, 65_535),
            // sysctl_nr_open_max, which no limit may exceed.
            Setting::Nofile => SettingKind::Number(0, 2_147_483_584),
        }
    }

    /// Reads a value, as typed.
    ///
    /// # Errors
    ///
    /// A text that is no value of this setting: one sentence that says what would be right.
    pub fn parse(self, text: &str) -> Result<SettingValue, String> {
        match self.kind() {
            SettingKind::Number(low, high) => match text.parse::<u32>() {
                Ok(n) if (low..=high).contains(&n) => Ok(SettingValue::Number(n)),
                _ => Err(format!("{} is a number from {low} to {high}", self.name())),
            },
            SettingKind::Seconds(most) => match typed::seconds(text) {
                Some(n) if n <= most => Ok(SettingValue::Number(n)),
                _ => Err(format!(
                    "{} is a number of seconds from 0 to {most}, like 60 or 60s",
                    self.name()
                )),
            },
            SettingKind::Ports => {
                let port = |text: &str| text.trim().parse::<u16>().ok().filter(|&port| port > 0);
                match text.split_once('-').map(|(low, high)| (port(low), port(high))) {
                    Some((Some(low), Some(high))) if low <= high => Ok(SettingValue::Ports(Port(low), Port(high))),
                    _ => Err(format!(
                        "{} is two ports from 1 to 65535, like 32768-60999",
                        self.name()
                    )),
                }
            }
            SettingKind::Switch(on, _) if text == on => Ok(SettingValue::Switch(true)),
            SettingKind::Switch(_, off) if text == off => Ok(SettingValue::Switch(false)),
            SettingKind::Switch(on, off) => typed::switch(text)
                .map(SettingValue::Switch)
                .ok_or_else(|| format!("{} is {on} or {off}", self.name())),
        }
    }

    /// A value, as it would be typed.
    pub fn show(self, value: SettingValue) -> String {
        match (self.kind(), value) {
            (SettingKind::Switch(on, _), SettingValue::Switch(true)) => on.into(),
            (SettingKind::Switch(_, off), SettingValue::Switch(false)) => off.into(),
            (_, SettingValue::Switch(on)) => if on { "on" } else { "off" }.into(),
            (_, SettingValue::Number(n)) => n.to_string(),
            (_, SettingValue::Ports(low, high)) => format!("{low}-{high}"),
        }
    }

    /// Reads what the kernel's sysctl file says: `6`, `32768\t60999`.
    pub fn from_sysctl(self, text: &str) -> Option<SettingValue> {
        let mut words = text.split_whitespace();
        Some(match self.kind() {
            SettingKind::Number(..) | SettingKind::Seconds(_) => SettingValue::Number(words.next()?.parse().ok()?),
            SettingKind::Switch(..) => SettingValue::Switch(words.next()? != "0"),
            SettingKind::Ports => {
                SettingValue::Ports(Port(words.next()?.parse().ok()?), Port(words.next()?.parse().ok()?))
            }
        })
    }
}

/// A setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingValue {
    /// A number, in the setting's own unit.
    Number(u32),
    /// The lowest and the highest port.
    Ports(Port, Port),
    /// A switch: on (up) or off (down).
    Switch(bool),
}

impl From<u32> for SettingValue {
    fn from(n: u32) -> SettingValue {
        SettingValue::Number(n)
    }
}

impl From<bool> for SettingValue {
    fn from(on: bool) -> SettingValue {
        SettingValue::Switch(on)
    }
}

impl SettingValue {
    /// The text that is written to the sysctl file.
    pub fn to_sysctl(self) -> String {
        match self {
            SettingValue::Number(n) => n.to_string(),
            SettingValue::Ports(low, high) => format!("{low} {high}"),
            SettingValue::Switch(on) => u8::from(on).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_reads_back_what_it_shows() {
        for (setting, text) in [
            (Setting::TcpSynRetries, "2"),
            (Setting::IpLocalPortRange, "40000-40000"),
            (Setting::DefaultRoute, "off"),
            (Setting::Device, "down"),
            (Setting::Mtu, "1400"),
        ] {
            let value = setting.parse(text).unwrap();
            assert_eq!(setting.show(value), text);
        }
    }

    #[test]
    fn switches_and_times_are_taken_as_everywhere() {
        for setting in [Setting::TcpAbortOnOverflow, Setting::DefaultRoute, Setting::Device] {
            assert_eq!(
                ["1", "on", "0", "off"].map(|text| setting.parse(text)),
                [true, true, false, false].map(|on| Ok(SettingValue::Switch(on)))
            );
        }
        assert_eq!(
            ["60", "60s", "60000ms"].map(|text| Setting::TcpFinTimeout.parse(text)),
            [60; 3].map(|n| Ok(SettingValue::Number(n)))
        );
    }

    #[test]
    fn a_bad_value_is_told_what_would_be_right() {
        assert_eq!(
            Setting::TcpSynRetries.parse("0").unwrap_err(),
            "tcp_syn_retries is a number from 1 to 127"
        );
        assert_eq!(Setting::Device.parse("away").unwrap_err(), "device is up or down");
        assert_eq!(
            Setting::TcpFinTimeout.parse("2500ms").unwrap_err(),
            "tcp_fin_timeout is a number of seconds from 0 to 100000, like 60 or 60s"
        );
        assert!(Setting::IpLocalPortRange.parse("5-4").is_err());
        assert!(Setting::IpLocalPortRange.parse("1-65536").is_err());
    }
}
