//! Facts that a line has about the socket or the call, by which a rule cannot be the cause: of which family the address is, whether it
//! has a port, or a zone.

use serde::Serialize;
use std::net::{IpAddr, SocketAddr};

use super::Dialect;
use crate::rules::{CallClass, RuleId};
use crate::situation::SituationId;
use finwait_model::errno::Errno;

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// IPv4
    Ipv4,
    /// IPv6
    Ipv6,
}

/// The port that a call was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Port {
    /// Port 0: the kernel is to choose one
    Any,
    /// A port of its own
    Given,
}

/// What a line says about the address that the call was given; nothing is set that it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Facts {
    /// The address's family.
    pub family: Option<Family>,
    /// The address's port.
    pub port: Option<Port>,
    /// The number of the port, of the address or by itself.
    pub number: Option<u16>,
    /// Is it a link-local IPv6 address without a zone (`%eth0`, `sin6_scope_id`)?
    pub without_zone: bool,
    /// Is it the wildcard address, `0.0.0.0` or `::`?
    pub is_wildcard: bool,
    /// Was the socket made for that address, as languages do? Who makes system calls may mix families.
    pub made_for_it: bool,
}

impl Facts {
    /// Returns the facts of a call with that address. `has_zone` says whether the line has a zone beside it.
    pub(super) fn of(to: Option<SocketAddr>, has_zone: bool, dialect: Option<Dialect>) -> Facts {
        let Some(to) = to else { return Facts::default() };
        let is_link_local = |ip: IpAddr| matches!(ip, IpAddr::V6(ip) if ip.segments()[0] & 0xffc0 == 0xfe80);
        Facts {
            family: Some(if to.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 }),
            port: Some(if to.port() == 0 { Port::Any } else { Port::Given }),
            number: Some(to.port()),
            without_zone: is_link_local(to.ip()) && !has_zone,
            is_wildcard: to.ip().is_unspecified(),
            made_for_it: dialect != Some(Dialect::Strace),
        }
    }

    /// Returns what two lines have in common.
    pub fn shared(self, other: Facts) -> Facts {
        Facts {
            family: self.family.filter(|_| self.family == other.family),
            port: self.port.filter(|_| self.port == other.port),
            number: self.number.filter(|_| self.number == other.number),
            without_zone: self.without_zone && other.without_zone,
            is_wildcard: self.is_wildcard && other.is_wildcard,
            made_for_it: self.made_for_it && other.made_for_it,
        }
    }

    /// Can the rule be the cause, if it was that call?
    pub fn allow(self, rule: RuleId, call: Option<CallClass>) -> bool {
        let mut needs = NEEDS.iter().filter(|(of, ..)| *of == rule);
        needs.all(|(_, of, need)| of.is_some_and(|of| call != Some(of)) || need.is_met(self))
    }

    /// The situations that the facts show by themselves, the likeliest first.
    pub(super) fn hints(self, errno: Errno, call: Option<CallClass>) -> &'static [SituationId] {
        match (errno, call) {
            (Errno::EINVAL, Some(CallClass::Connect | CallClass::Bind) | None) if self.without_zone => {
                &[SituationId::AddressWithoutAZone]
            }
            (Errno::EADDRINUSE, Some(CallClass::Connect)) => &[SituationId::LocalPortsExhausted],
            (Errno::EADDRNOTAVAIL, Some(CallClass::Connect)) if self.family == Some(Family::Ipv4) => {
                &[SituationId::LocalPortsExhausted]
            }
            _ => &[],
        }
    }
}

/// What a rule needs of the facts; what a line does not say is no hindrance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// An address of another family than the socket's.
    OtherFamily,
    /// An IPv6 address.
    Ipv6,
    /// Port 0.
    AnyPort,
    /// A port that is not 0.
    GivenPort,
    /// An address that is not the wildcard.
    OneAddress,
    /// A link-local address without its zone.
    NoZone,
}

impl Need {
    fn is_met(self, facts: Facts) -> bool {
        match self {
            // An IPv6 address is never too short.
            Need::OtherFamily => match facts.family {
                None => true,
                Some(Family::Ipv4) => !facts.made_for_it,
                Some(Family::Ipv6) => false,
            },
            Need::Ipv6 => facts.family != Some(Family::Ipv4),
            Need::AnyPort => facts.port != Some(Port::Given),
            Need::GivenPort => facts.port != Some(Port::Any),
            Need::OneAddress => !facts.is_wildcard,
            Need::NoZone => facts.family.is_none() || facts.without_zone,
        }
    }
}

/// What rules need: of one call, or of all that they are for.
const NEEDS: &[(RuleId, Option<CallClass>, Need)] = &[
    (RuleId::BindOtherFamily6, None, Need::OtherFamily),
    (RuleId::ConnectOtherFamily6, None, Need::OtherFamily),
    (RuleId::LinkLocalWithoutZone, None, Need::NoZone),
    (RuleId::AddressTaken, None, Need::GivenPort),
    (RuleId::NoPortToBind, None, Need::AnyPort),
    // ip_route_connect has no source address without a route.
    (RuleId::NoSuchAddress, Some(CallClass::Connect), Need::Ipv6),
    (RuleId::NoSuchAddress, Some(CallClass::Bind), Need::OneAddress),
    // icmp_err_convert has no EACCES.
    (RuleId::ProhibitedEarlier, None, Need::Ipv6),
    (RuleId::ProhibitedAtEnd, None, Need::Ipv6),
    (RuleId::ProhibitedNoted, None, Need::Ipv6),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> Facts {
        Facts::of(Some(address.parse().unwrap()), false, None)
    }

    #[test]
    fn a_rule_that_cannot_apply_is_not_allowed() {
        let (connect, bind) = (Some(CallClass::Connect), Some(CallClass::Bind));
        assert!(Facts::default().allow(RuleId::ConnectOtherFamily6, connect));
        assert!(!of("10.0.0.2:80").allow(RuleId::ConnectOtherFamily6, connect));
        assert!(!of("[fe80::2]:80").allow(RuleId::ConnectOtherFamily6, connect));
        assert!(of("10.0.0.1:0").allow(RuleId::NoPortToBind, bind));
        assert!(!of("10.0.0.1:0").allow(RuleId::AddressTaken, bind));
        assert!(!of("10.0.0.1:80").allow(RuleId::NoPortToBind, bind));
        assert!(!of("10.0.0.2:80").allow(RuleId::NoSuchAddress, connect));
        assert!(of("10.0.0.2:80").allow(RuleId::NoSuchAddress, bind));
        assert!(!of("0.0.0.0:80").allow(RuleId::NoSuchAddress, bind));
        let raw = Facts::of(Some("10.0.0.2:80".parse().unwrap()), false, Some(Dialect::Strace));
        assert!(raw.allow(RuleId::ConnectOtherFamily6, connect));
    }

    #[test]
    fn only_what_all_lines_say_is_a_fact_of_all() {
        let both = of("10.0.0.2:80").shared(of("[::1]:80"));
        assert_eq!((both.family, both.port), (None, Some(Port::Given)));
    }
}
