//! Socket options: their effects, and which values the kernel takes.

use finwait_model::call::SocketOption;
use finwait_model::outcome::{OptionReading, Reading};

use super::text::options::{Adjusted, Effect, OptionSentence};

/// One sentence for an option that was set.
pub(super) fn set(option: SocketOption, value: i64) -> OptionSentence {
    let (shown, effect) = (option.show(value), effect(option, value));
    match (option, adjusted(option, value)) {
        (_, Some(adjusted)) => OptionSentence::SetAdjusted {
            option,
            shown,
            adjusted,
            effect,
        },
        // The effect says what becomes of it.
        (SocketOption::Rcvbuf | SocketOption::Sndbuf, None) => OptionSentence::SetAsked { option, shown, effect },
        (_, None) => OptionSentence::SetDone { option, shown, effect },
    }
}

/// One sentence for an option that was read.
pub(super) fn read(reading: &OptionReading) -> OptionSentence {
    let option = reading.option;
    match reading.value {
        Reading::Value(value) => OptionSentence::ReadDone {
            option,
            shown: option.show(value),
            effect: effect(option, value),
        },
        Reading::Errno(errno) => OptionSentence::ReadFailed { option, errno },
    }
}

/// One sentence for a value that the kernel refused with EINVAL (do_tcp_setsockopt).
pub(super) const fn refused(option: SocketOption) -> OptionSentence {
    match option {
        SocketOption::Syncnt | SocketOption::Keepcnt => OptionSentence::SetTakes1To127 { option },
        SocketOption::Keepidle | SocketOption::Keepintvl => OptionSentence::SetTakes1To32767 { option },
        SocketOption::UserTimeout => OptionSentence::SetTakes0Up { option },
        _ => OptionSentence::SetRefused { option },
    }
}

/// Returns how the kernel adjusts a value that it takes; none where it keeps the value.
const fn adjusted(option: SocketOption, value: i64) -> Option<Adjusted> {
    Some(match option {
        // do_tcp_setsockopt: TCP_FIN_TIMEOUT_MAX, and -1 for all that is below 0; do_tcp_getsockopt reads 0 as the sysctl.
        SocketOption::Linger2 if value > 120 => Adjusted::Linger2Most,
        SocketOption::Linger2 if value == 0 => Adjusted::Linger2Zero,
        SocketOption::Linger2 if value < -1 => Adjusted::Linger2Negative,
        // secs_to_retrans, and back.
        SocketOption::DeferAccept if value > 1 => Adjusted::DeferAccept,
        SocketOption::DeferAccept if value < 0 => Adjusted::DeferAcceptNegative,
        // sock_set_timeout: whole seconds are whole ticks on any host.
        SocketOption::Rcvtimeo | SocketOption::Sndtimeo if value < 0 => Adjusted::TimeoutNegative,
        SocketOption::Rcvtimeo | SocketOption::Sndtimeo if value % 1000 != 0 => Adjusted::Timeout,
        _ => return None,
    })
}

/// The effect of the option's value on later calls.
const fn effect(option: SocketOption, value: i64) -> Effect {
    let on = value != 0;
    match option {
        SocketOption::Linger if value < 0 => Effect::LingerOff,
        SocketOption::Linger if value == 0 => Effect::LingerZero,
        SocketOption::Linger => Effect::Linger,
        SocketOption::Reuseaddr if on => Effect::ReuseaddrOn,
        SocketOption::Reuseaddr => Effect::ReuseaddrOff,
        SocketOption::Reuseport if on => Effect::ReuseportOn,
        SocketOption::Reuseport => Effect::ReuseportOff,
        SocketOption::Nodelay if on => Effect::NodelayOn,
        SocketOption::Nodelay => Effect::NodelayOff,
        SocketOption::Cork if on => Effect::CorkOn,
        SocketOption::Cork => Effect::CorkOff,
        SocketOption::Keepalive if on => Effect::KeepaliveOn,
        SocketOption::Keepalive => Effect::KeepaliveOff,
        SocketOption::Keepidle => Effect::Keepidle,
        SocketOption::Keepintvl => Effect::Keepintvl,
        SocketOption::Keepcnt => Effect::Keepcnt,
        SocketOption::UserTimeout if on => Effect::UserTimeout,
        SocketOption::UserTimeout => Effect::UserTimeoutOff,
        SocketOption::Syncnt => Effect::Syncnt,
        SocketOption::DeferAccept if value > 0 => Effect::DeferAccept,
        SocketOption::DeferAccept => Effect::DeferAcceptOff,
        // sk_setsockopt doubles the number to pay for its own bookkeeping, within rmem_max and wmem_max.
        SocketOption::Rcvbuf => Effect::Rcvbuf,
        SocketOption::Sndbuf => Effect::Sndbuf,
        SocketOption::Rcvtimeo if on => Effect::Rcvtimeo,
        SocketOption::Rcvtimeo => Effect::RcvtimeoOff,
        SocketOption::Sndtimeo if on => Effect::Sndtimeo,
        SocketOption::Sndtimeo => Effect::SndtimeoOff,
        SocketOption::Nonblock if on => Effect::NonblockOn,
        SocketOption::Nonblock => Effect::NonblockOff,
        SocketOption::Linger2 if value < 0 => Effect::Linger2None,
        SocketOption::Linger2 => Effect::Linger2,
    }
}
