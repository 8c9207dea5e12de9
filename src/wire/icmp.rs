//! What an ICMP message says, in words.

/// The words for an ICMPv4 message, from its first eight bytes (RFC 792, 1122, 1191, 1812).
pub(super) fn v4(head: [u8; 8]) -> String {
    let [kind, code, _, _, _, _, mtu @ ..] = head;
    let words = match (kind, code) {
        (0, 0) => "echo reply",
        (3, 0) => "network unreachable",
        (3, 1) => "host unreachable",
        (3, 2) => "protocol unreachable",
        (3, 3) => "port unreachable",
        (3, 4) => return format!("fragmentation needed, MTU {}", u16::from_be_bytes(mtu)),
        (3, 5) => "source route failed",
        (3, 6) => "network unknown",
        (3, 7) => "host unknown",
        (3, 9) => "network prohibited",
        (3, 10) => "host prohibited",
        (3, 13) => "communication prohibited",
        (4, 0) => "source quench",
        (5, _) => "redirect",
        (8, 0) => "echo request",
        (11, 0) => "time to live exceeded",
        (11, 1) => "reassembly time exceeded",
        (12, _) => "parameter problem",
        _ => return numbers(kind, code),
    };
    words.to_owned()
}

/// The words for an ICMPv6 message, from its first eight bytes (RFC 4443, 4861, 2710, 3810).
pub(super) fn v6(head: [u8; 8]) -> String {
    let [kind, code, _, _, mtu @ ..] = head;
    let words = match (kind, code) {
        (1, 0) => "network unreachable",
        (1, 1) => "communication prohibited",
        (1, 2) => "beyond scope of source address",
        (1, 3) => "host unreachable",
        (1, 4) => "port unreachable",
        (1, 5) => "source address failed policy",
        (1, 6) => "route rejected",
        (2, _) => return format!("packet too big, MTU {}", u32::from_be_bytes(mtu)),
        (3, 0) => "hop limit exceeded",
        (3, 1) => "reassembly time exceeded",
        (4, _) => "parameter problem",
        (128, 0) => "echo request",
        (129, 0) => "echo reply",
        (130, _) => "multicast listener query",
        (131 | 143, _) => "multicast listener report",
        (132, _) => "multicast listener done",
        (133, _) => "router solicitation",
        (134, _) => "router advertisement",
        (135, _) => "neighbor solicitation",
        (136, _) => "neighbor advertisement",
        (137, _) => "redirect",
        _ => return numbers(kind, code),
    };
    words.to_owned()
}

fn numbers(kind: u8, code: u8) -> String {
    format!("type {kind} code {code}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_about_a_segment_are_in_words() {
        assert_eq!(v4([3, 3, 0, 0, 0, 0, 0, 0]), "port unreachable");
        assert_eq!(v4([3, 4, 0, 0, 0, 0, 5, 120]), "fragmentation needed, MTU 1400");
        assert_eq!(v6([2, 0, 0, 0, 0, 0, 5, 0]), "packet too big, MTU 1280");
    }

    #[test]
    fn messages_without_a_name_show_their_numbers() {
        assert_eq!(v4([3, 14, 0, 0, 0, 0, 0, 0]), "type 3 code 14");
        assert_eq!(v6([200, 1, 0, 0, 0, 0, 0, 0]), "type 200 code 1");
    }
}
