//! The question of a DNS message (RFC 1035, 4.1), in words.

/// The port on which names are asked for.
const PORT: u16 = 53;
/// The longest name, in bytes on the wire (RFC 1035, 2.3.4).
const LONGEST_NAME: usize = 255;

/// Says what a datagram between those ports asks or answers: `DNS query example.org A`, `DNS answer example.org AAAA: NXDOMAIN`. None
/// where it is no DNS message, or has no question.
pub(super) fn words(ports: [u16; 2], message: &[u8]) -> Option<String> {
    let ([_, _, flags, code, _, questions, answers_high, answers_low, ..], mut rest) =
        message.split_first_chunk::<12>().filter(|_| ports.contains(&PORT))?;
    if *questions == 0 {
        return None;
    }
    let mut name = String::new();
    loop {
        let (len, after) = rest.split_first()?;
        if *len == 0 {
            rest = after;
            break;
        }
        // The first name of a message cannot point back at another: two bits set are a pointer (RFC 1035, 4.1.4).
        let label = after.get(..usize::from(*len)).filter(|_| *len < 64)?;
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&label.escape_ascii().to_string());
        rest = &after[label.len()..];
        if message.len() - rest.len() - 12 > LONGEST_NAME {
            return None;
        }
    }
    let [high, low, ..] = rest else { return None };
    let kind = kind(u16::from_be_bytes([*high, *low]));
    let name = if name.is_empty() { "." } else { &name };
    if flags & 0x80 == 0 {
        return Some(format!("DNS query {name} {kind}"));
    }
    let outcome = match code & 15 {
        0 => match u16::from_be_bytes([*answers_high, *answers_low]) {
            1 => "1 record".to_owned(),
            records => format!("{records} records"),
        },
        1 => "FORMERR".into(),
        2 => "SERVFAIL".into(),
        3 => "NXDOMAIN".into(),
        4 => "NOTIMP".into(),
        5 => "REFUSED".into(),
        other => format!("error {other}"),
    };
    Some(format!("DNS answer {name} {kind}: {outcome}"))
}

/// The mnemonic of a record's type, where it is a common one.
fn kind(number: u16) -> String {
    let name = match number {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        12 => "PTR",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        64 => "SVCB",
        65 => "HTTPS",
        255 => "ANY",
        _ => return format!("type {number}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A message about `example.org`, of type A.
    fn message(flags: u8, code: u8, answers: u8) -> Vec<u8> {
        let mut message = vec![0, 7, flags, code, 0, 1, 0, answers, 0, 0, 0, 0];
        message.extend(b"\x07example\x03org\0\0\x01\0\x01");
        message
    }

    #[test]
    fn a_question_and_its_answer_are_told_apart() {
        let of = |message: &[u8]| words([4000, 53], message);
        assert_eq!(of(&message(1, 0, 0)).as_deref(), Some("DNS query example.org A"));
        assert_eq!(
            of(&message(0x81, 0x80, 2)).as_deref(),
            Some("DNS answer example.org A: 2 records")
        );
        assert_eq!(
            of(&message(0x81, 0x83, 0)).as_deref(),
            Some("DNS answer example.org A: NXDOMAIN")
        );
    }

    #[test]
    fn what_is_none_is_left_alone() {
        assert_eq!(words([4000, 5353], &message(1, 0, 0)), None, "another port");
        assert_eq!(words([4000, 53], &message(1, 0, 0)[..20]), None, "cut short");
        let mut pointer = message(1, 0, 0);
        pointer[12] = 0xc0;
        assert_eq!(words([4000, 53], &pointer), None);
    }

    proptest! {
        #[test]
        fn random_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            words([53, 53], &bytes);
        }
    }
}
