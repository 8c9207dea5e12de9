//! What another system than Linux means by an errno, and what Linux would say in its place.

use super::rules::{CallClass, RuleId};
use super::text::systems;
use super::wording::System;
use finwait_model::errno::Errno;

/// The words of `systems.toml`.
pub(crate) struct Text {
    pub means: &'static str,
    pub linux: &'static str,
    pub look_for: &'static [&'static str],
    pub brief: &'static str,
}

/// What Linux says in the same case, and so which rules and scenarios show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLinux {
    /// The same errno, for the same reasons.
    Same,
    /// Something else: the rules by which it does.
    Instead {
        /// The rules.
        rules: &'static [RuleId],
        /// The scenario that shows it best, if it is not the first rule's proof.
        scenario: Option<&'static str>,
    },
}

/// What an errno of a system means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnSystem {
    /// The meaning there, in one or more sentences.
    pub means: &'static str,
    /// What Linux would say, and when.
    pub linux: &'static str,
    /// Things to look at.
    pub look_for: &'static [&'static str],
    /// The likeliest cause in a few words.
    pub brief: &'static str,
    /// The rules that hold.
    pub on_linux: OnLinux,
}

/// The meaning of an errno, of a call, on a system; none where it is known to be Linux's.
pub fn of(system: System, errno: Errno, call: Option<CallClass>) -> Option<OnSystem> {
    let fits = |row: &&Row| {
        let (systems, of, calls, ..) = row;
        systems.contains(&system)
            && *of == errno
            && (calls.is_empty() || call.is_some_and(|call| calls.contains(&call)))
    };
    let (_, _, _, text, on_linux) = TABLE.iter().find(fits)?;
    Some(OnSystem {
        means: text.means,
        linux: text.linux,
        look_for: text.look_for,
        brief: text.brief,
        on_linux: *on_linux,
    })
}

/// The systems, the errno, its calls (all, where there are none), the words, and what Linux says.
type Row = (&'static [System], Errno, &'static [CallClass], &'static Text, OnLinux);

/// The systems with BSD's kernel code.
const BSDS: &[System] = &[System::Bsd, System::Darwin, System::Ios];
/// Apple's systems.
const APPLE: &[System] = &[System::Darwin, System::Ios];
const WINDOWS: &[System] = &[System::Windows];
const ANDROID: &[System] = &[System::Android];

use CallClass::{Accept, Bind, Connect, SetOption, Write};
use OnLinux::Same;

const fn instead(rules: &'static [RuleId], scenario: &'static str) -> OnLinux {
    OnLinux::Instead {
        rules,
        scenario: Some(scenario),
    }
}

/// Linux has no error there.
const NOTHING: OnLinux = OnLinux::Instead {
    rules: &[],
    scenario: None,
};

/// The first that fits counts.
const TABLE: &[Row] = &[
    (
        BSDS,
        Errno::ECONNABORTED,
        &[Accept],
        &systems::BSD_ACCEPT_ECONNABORTED,
        instead(&[RuleId::Reset], "reset-before-accept"),
    ),
    (
        APPLE,
        Errno::ECONNABORTED,
        &[],
        &systems::DARWIN_ECONNABORTED,
        instead(&[RuleId::Destroyed], "destroyed-by-the-administrator"),
    ),
    (
        &[System::Bsd],
        Errno::ECONNABORTED,
        &[],
        &systems::BSD_ECONNABORTED,
        instead(&[RuleId::PeerGivenUp], "write-timed-out"),
    ),
    (BSDS, Errno::EPIPE, &[], &systems::BSD_EPIPE, Same),
    (
        BSDS,
        Errno::EPROTOTYPE,
        &[Write],
        &systems::DARWIN_EPROTOTYPE,
        instead(&[RuleId::ErrorTold, RuleId::ResetInCloseWait], "write-broken-pipe"),
    ),
    (
        BSDS,
        Errno::EPROTOTYPE,
        &[],
        &systems::DARWIN_EPROTOTYPE,
        instead(&[RuleId::ErrorTold, RuleId::ResetInCloseWait], "write-broken-pipe"),
    ),
    (BSDS, Errno::ENOTCONN, &[], &systems::BSD_ENOTCONN, Same),
    (BSDS, Errno::EINVAL, &[SetOption], &systems::BSD_EINVAL, NOTHING),
    (
        BSDS,
        Errno::EADDRNOTAVAIL,
        &[Connect],
        &systems::BSD_EADDRNOTAVAIL,
        Same,
    ),
    (
        BSDS,
        Errno::EADDRINUSE,
        &[Connect],
        &systems::BSD_CONNECT_EADDRINUSE,
        instead(&[RuleId::NoPortLeft], "no-local-port"),
    ),
    (APPLE, Errno::EHOSTUNREACH, &[], &systems::DARWIN_EHOSTUNREACH, Same),
    (
        BSDS,
        Errno::EHOSTDOWN,
        &[],
        &systems::BSD_EHOSTDOWN,
        instead(&[RuleId::HostUnreachable], "host-unreachable"),
    ),
    (BSDS, Errno::ENETUNREACH, &[], &systems::BSD_ENETUNREACH, Same),
    (
        APPLE,
        Errno::ENETDOWN,
        &[],
        &systems::DARWIN_ENETDOWN,
        instead(&[RuleId::NetworkUnreachable], "no-route"),
    ),
    (
        BSDS,
        Errno::ETIMEDOUT,
        &[Connect],
        &systems::BSD_CONNECT_ETIMEDOUT,
        Same,
    ),
    (BSDS, Errno::ENOBUFS, &[], &systems::BSD_ENOBUFS, NOTHING),
    (ANDROID, Errno::ECONNABORTED, &[], &systems::ANDROID_ECONNABORTED, Same),
    (
        WINDOWS,
        Errno::ECONNABORTED,
        &[],
        &systems::WINDOWS_ECONNABORTED,
        instead(&[RuleId::PeerGivenUp, RuleId::ErrorTold], "write-timed-out"),
    ),
    (WINDOWS, Errno::ECONNRESET, &[], &systems::WINDOWS_ECONNRESET, Same),
    (WINDOWS, Errno::ETIMEDOUT, &[], &systems::WINDOWS_ETIMEDOUT, Same),
    (WINDOWS, Errno::ECONNREFUSED, &[], &systems::WINDOWS_ECONNREFUSED, Same),
    (
        WINDOWS,
        Errno::EADDRINUSE,
        &[Connect],
        &systems::WINDOWS_CONNECT_EADDRINUSE,
        instead(&[RuleId::NoPortLeft], "no-local-port"),
    ),
    (WINDOWS, Errno::EADDRINUSE, &[], &systems::WINDOWS_EADDRINUSE, Same),
    (
        WINDOWS,
        Errno::EADDRNOTAVAIL,
        &[Connect],
        &systems::WINDOWS_CONNECT_EADDRNOTAVAIL,
        NOTHING,
    ),
    (
        WINDOWS,
        Errno::EADDRNOTAVAIL,
        &[],
        &systems::WINDOWS_EADDRNOTAVAIL,
        Same,
    ),
    (
        WINDOWS,
        Errno::ENOBUFS,
        &[],
        &systems::WINDOWS_ENOBUFS,
        instead(&[RuleId::NoPortLeft], "no-local-port"),
    ),
    (WINDOWS, Errno::EACCES, &[Bind], &systems::WINDOWS_EACCES, NOTHING),
    (WINDOWS, Errno::EACCES, &[], &systems::WINDOWS_EACCES, NOTHING),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_and_the_call_decide() {
        let means = |system, errno, call| of(system, errno, call).map(|on| on.means);
        let accepted = means(System::Bsd, Errno::ECONNABORTED, Some(Accept));
        assert!(accepted.unwrap().contains("queue"));
        assert_ne!(accepted, means(System::Bsd, Errno::ECONNABORTED, None));
        assert_ne!(
            means(System::Windows, Errno::EADDRINUSE, Some(Connect)),
            means(System::Windows, Errno::EADDRINUSE, Some(Bind))
        );
        // Where nothing else is known the errno means what it does on Linux.
        assert_eq!(means(System::Bsd, Errno::ECONNREFUSED, None), None);
        assert_eq!(means(System::Android, Errno::ECONNRESET, None), None);
    }

    #[test]
    fn what_linux_says_instead_is_of_another_errno_or_another_call() {
        for (_, errno, _, text, on_linux) in TABLE {
            assert!((5..=40).contains(&text.brief.len()), "{}", text.brief);
            assert!(!text.look_for.is_empty());
            if let OnLinux::Instead { rules, .. } = on_linux {
                for rule in *rules {
                    let rule = rule.rule();
                    let same = rule.gives == crate::rules::RuleOutcome::Errno(*errno);
                    assert!(!same || rule.id == RuleId::Destroyed, "{:?}", rule.id);
                }
            }
        }
    }
}
