//! Offload: what a host leaves to its device to do with a packet, as a virtio network device is told (`struct virtio_net_hdr` in
//! include/uapi/linux/virtio_net.h). Pure.

use std::num::NonZeroU16;

/// The checksum is only that of the pseudo-header: the rest is the device's work.
const NEEDS_CSUM: u8 = 1;
/// The bits of the kind that say how a packet is cut, without [`GSO_ECN`].
const GSO_TCPV4: u8 = 1;
const GSO_TCPV6: u8 = 4;
/// The first segment alone has CWR (RFC 3168, 6.1.2).
const GSO_ECN: u8 = 0x80;

/// The work on a packet that is left to the device: its checksum, and the cutting of a super-segment into segments. None of it, unless
/// the device offers to do it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offload([u8; Offload::LEN]);

impl Offload {
    /// The length of the header, in bytes.
    pub const LEN: usize = 10;
    /// Nothing is left: the packet is as it would be on a cable.
    pub const NONE: Offload = Offload([0; Offload::LEN]);

    /// Takes the header that the kernel has put before a packet.
    pub const fn new(header: [u8; Offload::LEN]) -> Offload {
        Offload(header)
    }

    /// The header that tells the receiving kernel the same.
    pub const fn header(&self) -> &[u8; Offload::LEN] {
        &self.0
    }

    /// The most bytes of payload in each of the segments that a super-segment stands for; none for a segment that is one by itself.
    pub const fn segment_size(&self) -> Option<NonZeroU16> {
        let [_, kind, _, _, size @ ..] = self.0;
        match kind & !GSO_ECN {
            GSO_TCPV4 | GSO_TCPV6 => NonZeroU16::new(u16::from_ne_bytes([size[0], size[1]])),
            _ => None,
        }
    }

    /// Is the checksum in the packet's header only that of the pseudo-header?
    pub const fn needs_checksum(&self) -> bool {
        self.0[0] & NEEDS_CSUM != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(flags: u8, kind: u8, size: u16) -> Offload {
        let [low, high] = size.to_ne_bytes();
        Offload::new([flags, kind, 66, 0, low, high, 34, 0, 16, 0])
    }

    #[test]
    fn a_super_segment_has_the_size_of_its_segments() {
        for kind in [GSO_TCPV4, GSO_TCPV6, GSO_TCPV4 | GSO_ECN] {
            assert_eq!(header(NEEDS_CSUM, kind, 1448).segment_size(), NonZeroU16::new(1448));
        }
    }

    #[test]
    fn a_segment_of_its_own_has_none_whether_its_checksum_is_computed_or_not() {
        let partial = header(NEEDS_CSUM, 0, 0);
        assert_eq!((partial.segment_size(), partial.needs_checksum()), (None, true));
        assert_eq!(
            (Offload::NONE.segment_size(), Offload::NONE.needs_checksum()),
            (None, false)
        );
        // Its size means nothing where nothing is cut.
        assert_eq!(header(0, 0, 1448).segment_size(), None);
    }
}
