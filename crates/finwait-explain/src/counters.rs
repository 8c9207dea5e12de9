//! The kernel's counters: what each means, which function of the kernel moves it, and which of them are shown unless all are asked for.
//! Words are in `assets/explain/counters.toml`.

use serde::Serialize;

use super::text::counters::counter_words;
use finwait_model::counter::{CounterName, shown};

/// A counter of the kernel.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct CounterMeaning {
    /// The name as nstat has it: `TcpExtTCPAbortOnClose`.
    pub name: &'static str,
    /// One sentence or two.
    pub means: &'static str,
    /// The functions of the kernel that move it.
    pub moved_by: &'static [&'static str],
    /// The files that those are in.
    pub files: &'static [&'static str],
    /// The reason why it is left out unless all are asked for, in a clause; none where it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<&'static str>,
}

/// The words of a counter, as `counters.toml` has them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text {
    /// One sentence or two.
    pub means: &'static str,
    /// The reason why it is left out.
    pub left_out: Option<&'static str>,
}

impl CounterMeaning {
    /// The name as it is shown: without `TcpExt`.
    pub fn shown(&self) -> &'static str {
        shown(self.name)
    }

    /// The place in the kernel: `net/ipv4/tcp.c, __tcp_close()`.
    pub fn place(&self) -> String {
        let is_ipv6 = self.name.starts_with("Ip6") || self.name.starts_with("Icmp6");
        let directory = if is_ipv6 { "net/ipv6" } else { "net/ipv4" };
        let files: Vec<String> = self.files.iter().map(|file| format!("{directory}/{file}")).collect();
        let functions: Vec<String> = self.moved_by.iter().map(|function| format!("{function}()")).collect();
        format!("{}: {}", files.join(", "), functions.join(", "))
    }
}

macro_rules! counters {
    ($($name:tt [$($file:literal),*] [$($function:literal),*];)*) => {
        /// The counters that finwait knows, by group.
        pub const COUNTERS: &[CounterMeaning] = &[$(CounterMeaning {
            name: $name,
            means: counter_words!($name).means,
            moved_by: &[$($function),*],
            files: &[$($file),*],
            left_out: counter_words!($name).left_out,
        }),*];
    };
}

counters! {
    "TcpActiveOpens" ["tcp_output.c"] ["tcp_connect"];
    "TcpPassiveOpens" ["tcp_minisocks.c"] ["tcp_create_openreq_child"];
    "TcpAttemptFails" ["tcp.c"] ["tcp_done"];
    "TcpEstabResets" ["tcp.c"] ["tcp_set_state"];
    "TcpInSegs" ["tcp_ipv4.c"] ["tcp_v4_rcv"];
    "TcpOutSegs" ["tcp_output.c"] ["__tcp_transmit_skb"];
    "TcpRetransSegs" ["tcp_output.c"] ["__tcp_retransmit_skb", "tcp_rtx_synack"];
    "TcpInErrs" ["tcp_ipv4.c", "tcp_input.c"] ["tcp_v4_rcv", "tcp_validate_incoming"];
    "TcpInCsumErrors" ["tcp_ipv4.c"] ["tcp_v4_rcv"];
    "TcpOutRsts" ["tcp_ipv4.c", "tcp_output.c"] ["tcp_v4_send_reset", "tcp_send_active_reset"];
    "TcpExtSyncookiesSent" ["tcp_input.c"] ["tcp_conn_request"];
    "TcpExtSyncookiesRecv" ["syncookies.c"] ["cookie_v4_check"];
    "TcpExtSyncookiesFailed" ["syncookies.c"] ["cookie_v4_check"];
    "TcpExtEmbryonicRsts" ["tcp_minisocks.c"] ["tcp_check_req"];
    "TcpExtPruneCalled" ["tcp_input.c"] ["tcp_prune_queue"];
    "TcpExtRcvPruned" ["tcp_input.c"] ["tcp_prune_queue"];
    "TcpExtOfoPruned" ["tcp_input.c"] ["tcp_prune_ofo_queue"];
    "TcpExtOutOfWindowIcmps" ["tcp_ipv4.c"] ["tcp_v4_err"];
    "TcpExtLockDroppedIcmps" ["tcp_ipv4.c"] ["tcp_v4_err"];
    "TcpExtTW" ["inet_timewait_sock.c"] ["__inet_twsk_schedule"];
    "TcpExtTWRecycled" ["inet_hashtables.c"] ["__inet_check_established"];
    "TcpExtTWKilled" ["inet_timewait_sock.c"] ["__inet_twsk_schedule"];
    "TcpExtPAWSActive" ["tcp_input.c"] ["tcp_rcv_synsent_state_process"];
    "TcpExtPAWSEstab" ["tcp_input.c"] ["tcp_validate_incoming"];
    "TcpExtPAWSOldAck" ["tcp_input.c"] ["tcp_validate_incoming"];
    "TcpExtPAWSTimewait" ["tcp_minisocks.c"] ["tcp_timewait_state_process"];
    "TcpExtTSEcrRejected" ["tcp_input.c"] ["tcp_rcv_synsent_state_process"];
    "TcpExtBeyondWindow" ["tcp_input.c"] ["tcp_data_queue"];
    "TcpExtDelayedACKs" ["tcp_timer.c"] ["tcp_delack_timer_handler"];
    "TcpExtDelayedACKLocked" ["tcp_timer.c"] ["tcp_delack_timer"];
    "TcpExtDelayedACKLost" ["tcp_input.c"] ["tcp_send_dupack", "tcp_data_queue"];
    "TcpExtListenOverflows" ["tcp_ipv4.c", "tcp_input.c"] ["tcp_v4_syn_recv_sock", "tcp_conn_request"];
    "TcpExtListenDrops" ["tcp_input.c"] ["tcp_listendrop"];
    "TcpExtTCPHPHits" ["tcp_input.c"] ["tcp_rcv_established"];
    "TcpExtTCPPureAcks" ["tcp_input.c"] ["tcp_ack"];
    "TcpExtTCPHPAcks" ["tcp_input.c"] ["tcp_ack"];
    "TcpExtTCPRenoRecovery" ["tcp_input.c"] ["tcp_enter_recovery"];
    "TcpExtTCPSackRecovery" ["tcp_input.c"] ["tcp_enter_recovery"];
    "TcpExtTCPSACKReneging" ["tcp_input.c"] ["tcp_timeout_mark_lost"];
    "TcpExtTCPSACKReorder" ["tcp_input.c"] ["tcp_check_sack_reordering"];
    "TcpExtTCPRenoReorder" ["tcp_input.c"] ["tcp_check_reno_reordering"];
    "TcpExtTCPTSReorder" ["tcp_input.c"] ["tcp_check_sack_reordering"];
    "TcpExtTCPFullUndo" ["tcp_input.c"] ["tcp_try_undo_recovery"];
    "TcpExtTCPPartialUndo" ["tcp_input.c"] ["tcp_try_undo_partial"];
    "TcpExtTCPDSACKUndo" ["tcp_input.c"] ["tcp_try_undo_dsack"];
    "TcpExtTCPLossUndo" ["tcp_input.c"] ["tcp_try_undo_loss"];
    "TcpExtTCPLostRetransmit" ["tcp_input.c"] ["tcp_mark_skb_lost"];
    "TcpExtTCPRenoFailures" ["tcp_timer.c"] ["tcp_retransmit_timer"];
    "TcpExtTCPSackFailures" ["tcp_timer.c"] ["tcp_retransmit_timer"];
    "TcpExtTCPLossFailures" ["tcp_timer.c"] ["tcp_retransmit_timer"];
    "TcpExtTCPFastRetrans" ["tcp_output.c"] ["tcp_xmit_retransmit_queue"];
    "TcpExtTCPSlowStartRetrans" ["tcp_output.c"] ["tcp_xmit_retransmit_queue"];
    "TcpExtTCPTimeouts" ["tcp_timer.c"] ["tcp_retransmit_timer"];
    "TcpExtTCPLossProbes" ["tcp_output.c"] ["tcp_send_loss_probe"];
    "TcpExtTCPLossProbeRecovery" ["tcp_input.c"] ["tcp_process_tlp_ack"];
    "TcpExtTCPRcvCollapsed" ["tcp_input.c"] ["tcp_collapse_one"];
    "TcpExtTCPBacklogCoalesce" ["tcp_ipv4.c"] ["tcp_add_backlog"];
    "TcpExtTCPDSACKOldSent" ["tcp_input.c"] ["tcp_dsack_set"];
    "TcpExtTCPDSACKOfoSent" ["tcp_input.c"] ["tcp_dsack_set"];
    "TcpExtTCPDSACKRecv" ["tcp_input.c"] ["tcp_check_dsack"];
    "TcpExtTCPDSACKOfoRecv" ["tcp_input.c"] ["tcp_check_dsack"];
    "TcpExtTCPDSACKRecvSegs" ["tcp_input.c"] ["tcp_dsack_seen"];
    "TcpExtTCPDSACKIgnoredOld" ["tcp_input.c"] ["tcp_sacktag_write_queue"];
    "TcpExtTCPDSACKIgnoredNoUndo" ["tcp_input.c"] ["tcp_sacktag_write_queue"];
    "TcpExtTCPDSACKIgnoredDubious" ["tcp_input.c"] ["tcp_sacktag_write_queue"];
    "TcpExtTCPSACKDiscard" ["tcp_input.c"] ["tcp_sacktag_write_queue"];
    "TcpExtTCPSackShifted" ["tcp_input.c"] ["tcp_shifted_skb"];
    "TcpExtTCPSackMerged" ["tcp_input.c"] ["tcp_shifted_skb"];
    "TcpExtTCPSackShiftFallback" ["tcp_input.c"] ["tcp_shift_skb_data"];
    "TcpExtTCPAbortOnData" ["tcp.c", "tcp_input.c"] ["__tcp_close", "tcp_rcv_state_process"];
    "TcpExtTCPAbortOnClose" ["tcp.c"] ["__tcp_close"];
    "TcpExtTCPAbortOnMemory" ["tcp.c"] ["tcp_check_oom"];
    "TcpExtTCPAbortOnTimeout" ["tcp_timer.c"] ["tcp_write_err"];
    "TcpExtTCPAbortOnLinger" ["tcp.c"] ["__tcp_close"];
    "TcpExtTCPAbortFailed" ["tcp_output.c"] ["tcp_send_active_reset"];
    "TcpExtTCPMemoryPressures" ["tcp.c"] ["tcp_enter_memory_pressure"];
    "TcpExtTCPSpuriousRTOs" ["tcp_input.c"] ["tcp_try_undo_loss"];
    "TcpExtTCPBacklogDrop" ["tcp_ipv4.c"] ["tcp_add_backlog"];
    "TcpExtTCPMinTTLDrop" ["tcp_ipv4.c"] ["tcp_v4_rcv"];
    "TcpExtTCPDeferAcceptDrop" ["tcp_minisocks.c"] ["tcp_check_req"];
    "TcpExtTCPTimeWaitOverflow" ["tcp_minisocks.c"] ["tcp_time_wait"];
    "TcpExtTCPReqQFullDoCookies" ["tcp_input.c"] ["tcp_syn_flood_action"];
    "TcpExtTCPReqQFullDrop" ["tcp_input.c"] ["tcp_syn_flood_action"];
    "TcpExtTCPRetransFail" ["tcp_output.c"] ["__tcp_retransmit_skb"];
    "TcpExtTCPRcvCoalesce" ["tcp_input.c"] ["tcp_try_coalesce"];
    "TcpExtTCPOFOQueue" ["tcp_input.c"] ["tcp_data_queue_ofo"];
    "TcpExtTCPOFODrop" ["tcp_input.c"] ["tcp_data_queue_ofo"];
    "TcpExtTCPOFOMerge" ["tcp_input.c"] ["tcp_data_queue_ofo"];
    "TcpExtTCPChallengeACK" ["tcp_input.c"] ["tcp_send_challenge_ack"];
    "TcpExtTCPSYNChallenge" ["tcp_input.c"] ["tcp_validate_incoming"];
    "TcpExtTCPAutoCorking" ["tcp.c"] ["tcp_push"];
    "TcpExtTCPFromZeroWindowAdv" ["tcp_output.c"] ["tcp_select_window"];
    "TcpExtTCPToZeroWindowAdv" ["tcp_output.c"] ["tcp_select_window"];
    "TcpExtTCPWantZeroWindowAdv" ["tcp_output.c"] ["tcp_select_window"];
    "TcpExtTCPZeroWindowDrop" ["tcp_input.c"] ["tcp_data_queue"];
    "TcpExtTCPRcvQDrop" ["tcp_input.c"] ["tcp_data_queue"];
    "TcpExtTCPSynRetrans" ["tcp_output.c"] ["__tcp_retransmit_skb", "tcp_rtx_synack"];
    "TcpExtTCPOrigDataSent" ["tcp_output.c"] ["tcp_event_new_data_sent"];
    "TcpExtTCPDelivered" ["tcp_input.c"] ["tcp_newly_delivered"];
    "TcpExtTCPHystartTrainDetect" ["tcp_cubic.c"] ["hystart_update"];
    "TcpExtTCPHystartTrainCwnd" ["tcp_cubic.c"] ["hystart_update"];
    "TcpExtTCPHystartDelayDetect" ["tcp_cubic.c"] ["hystart_update"];
    "TcpExtTCPHystartDelayCwnd" ["tcp_cubic.c"] ["hystart_update"];
    "TcpExtTCPACKSkippedSynRecv" ["tcp_minisocks.c"] ["tcp_check_req"];
    "TcpExtTCPACKSkippedPAWS" ["tcp_input.c"] ["tcp_validate_incoming"];
    "TcpExtTCPACKSkippedSeq" ["tcp_input.c"] ["tcp_validate_incoming"];
    "TcpExtTCPACKSkippedFinWait2" ["tcp_minisocks.c"] ["tcp_timewait_check_oow_rate_limit"];
    "TcpExtTCPACKSkippedTimeWait" ["tcp_minisocks.c"] ["tcp_timewait_check_oow_rate_limit"];
    "TcpExtTCPACKSkippedChallenge" ["tcp_input.c"] ["tcp_send_challenge_ack"];
    "TcpExtTCPWinProbe" ["tcp_output.c"] ["tcp_xmit_probe_skb"];
    "TcpExtTCPKeepAlive" ["tcp_output.c"] ["tcp_xmit_probe_skb"];
    "TcpExtTCPMTUPFail" ["tcp_timer.c"] ["tcp_mtu_probing"];
    "TcpExtTCPMTUPSuccess" ["tcp_input.c"] ["tcp_mtup_probe_success"];
    "TcpExtTCPAckCompressed" ["tcp_output.c"] ["tcp_send_ack"];
    "TcpExtTCPSpuriousRtxHostQueues" ["tcp_output.c"] ["skb_still_in_host_queue"];
    "TcpExtTCPWqueueTooBig" ["tcp_output.c"] ["tcp_fragment"];
    "TcpExtTcpTimeoutRehash" ["tcp_timer.c"] ["tcp_write_timeout"];
    "TcpExtTcpDuplicateDataRehash" ["tcp_input.c"] ["tcp_rcv_spurious_retrans"];
    "TcpExtTCPFastOpenActive" ["tcp_fastopen.c"] ["tcp_fastopen_active_should_disable"];
    "TcpExtTCPFastOpenActiveFail" ["tcp_input.c"] ["tcp_rcv_fastopen_synack"];
    "TcpExtTCPFastOpenPassive" ["tcp_fastopen.c"] ["tcp_try_fastopen"];
    "TcpExtTCPFastOpenCookieReqd" ["tcp_fastopen.c"] ["tcp_try_fastopen"];
    "TcpExtIPReversePathFilter" ["ip_input.c"] ["ip_rcv_finish_core"];
    "IpInReceives" ["ip_input.c"] ["ip_rcv_core"];
    "IpInDelivers" ["ip_input.c"] ["ip_local_deliver_finish"];
    "IpOutRequests" ["ip_output.c"] ["__ip_local_out"];
    "IpOutTransmits" ["ip_output.c"] ["ip_finish_output2"];
    "IpOutNoRoutes" ["tcp_ipv4.c", "ip_output.c"] ["tcp_v4_connect", "__ip_queue_xmit"];
    "IpOutDiscards" ["ip_output.c"] ["__ip_append_data"];
    "IpInAddrErrors" ["ip_input.c"] ["ip_rcv_finish_core"];
    "IpInHdrErrors" ["ip_input.c"] ["ip_rcv_core"];
    "IpInDiscards" ["ip_input.c"] ["ip_rcv_core"];
    "IpExtInNoRoutes" ["route.c"] ["ip_error"];
    "IpExtInOctets" ["ip_input.c"] ["ip_rcv_core"];
    "IpExtOutOctets" ["ip_output.c"] ["ip_finish_output2"];
    "IpExtInNoECTPkts" ["ip_input.c"] ["ip_rcv_core"];
    "IpExtInECT0Pkts" ["ip_input.c"] ["ip_rcv_core"];
    "IpExtInCEPkts" ["ip_input.c"] ["ip_rcv_core"];
    "IcmpInMsgs" ["icmp.c"] ["icmp_rcv"];
    "IcmpInErrors" ["icmp.c", "tcp_ipv4.c"] ["icmp_rcv", "tcp_v4_err"];
    "IcmpInDestUnreachs" ["icmp.c"] ["icmp_rcv"];
    "IcmpInTimeExcds" ["icmp.c"] ["icmp_rcv"];
    "IcmpOutMsgs" ["icmp.c"] ["icmp_out_count"];
    "IcmpOutDestUnreachs" ["icmp.c"] ["icmp_out_count"];
    "Ip6InReceives" ["ip6_input.c"] ["ip6_rcv_core"];
    "Ip6InDelivers" ["ip6_input.c"] ["ip6_protocol_deliver_rcu"];
    "Ip6OutRequests" ["ip6_output.c"] ["ip6_xmit"];
    "Ip6OutTransmits" ["ip6_output.c"] ["ip6_finish_output2"];
    "Ip6OutNoRoutes" ["ip6_output.c", "route.c"] ["ip6_dst_lookup_tail", "ip6_pkt_drop"];
    "Ip6OutDiscards" ["ip6_output.c"] ["ip6_output", "ip6_xmit"];
    "Ip6InNoRoutes" ["route.c"] ["ip6_pkt_drop"];
    "Ip6InAddrErrors" ["route.c"] ["ip6_pkt_drop"];
    "Ip6InHdrErrors" ["ip6_input.c"] ["ip6_rcv_core"];
    "Ip6InTruncatedPkts" ["ip6_input.c"] ["ip6_rcv_core"];
    "Ip6InDiscards" ["ip6_input.c"] ["ip6_rcv_core"];
    "Ip6InOctets" ["ip6_input.c"] ["ip6_rcv_core"];
    "Ip6OutOctets" ["ip6_output.c"] ["ip6_finish_output2"];
    "Ip6InNoECTPkts" ["ip6_input.c"] ["ip6_rcv_core"];
    "Ip6InECT0Pkts" ["ip6_input.c"] ["ip6_rcv_core"];
    "Ip6InCEPkts" ["ip6_input.c"] ["ip6_rcv_core"];
    "Icmp6InMsgs" ["icmp.c"] ["icmpv6_rcv"];
    "Icmp6InErrors" ["icmp.c", "tcp_ipv6.c"] ["icmpv6_rcv", "tcp_v6_err"];
    "Icmp6InDestUnreachs" ["icmp.c"] ["icmpv6_rcv"];
    "Icmp6InPktTooBigs" ["icmp.c"] ["icmpv6_rcv"];
    "Icmp6InTimeExcds" ["icmp.c"] ["icmpv6_rcv"];
    "Icmp6InParmProblems" ["icmp.c"] ["icmpv6_rcv"];
    "Icmp6OutMsgs" ["ip6_output.c"] ["__ip6_make_skb"];
    "Icmp6OutDestUnreachs" ["icmp.c"] ["icmp6_send"];
}

/// What is known of a counter, by its name with or without `TcpExt`; none where nothing is.
pub fn counter(name: &str) -> Option<&'static CounterMeaning> {
    COUNTERS
        .iter()
        .find(|counter| counter.name == name || counter.shown() == name)
}

/// Is a counter shown unless all are asked for? One that nothing is known of is: a new kernel may have more.
pub fn is_shown(name: &CounterName) -> bool {
    counter(name.nstat()).is_none_or(|counter| counter.left_out.is_none())
}

/// The counter that a text names, however it spells capitals; none where it names none.
pub fn counter_named(text: &str) -> Option<&'static CounterMeaning> {
    let is_it = |counter: &&CounterMeaning| {
        counter.name.eq_ignore_ascii_case(text) || counter.shown().eq_ignore_ascii_case(text)
    };
    COUNTERS.iter().find(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::RULES;

    #[test]
    fn a_counter_is_found_by_either_name_and_one_that_is_unknown_is_shown() {
        let close = counter("TCPAbortOnClose").unwrap();
        assert_eq!(close.name, "TcpExtTCPAbortOnClose");
        assert_eq!(close.place(), "net/ipv4/tcp.c: __tcp_close()");
        let too_big = counter("Icmp6InPktTooBigs").unwrap();
        assert_eq!(too_big.place(), "net/ipv6/icmp.c: icmpv6_rcv()");
        assert_eq!(counter_named("tcpextTCPabortOnClose"), Some(close));
        assert_eq!(counter("AbortOnClose"), None);
        let is_shown = |name| is_shown(&CounterName::new(name));
        assert!(is_shown("TcpExtTCPAbortOnClose") && is_shown("TcpExtTCPOfAKernelToCome"));
        assert!(!is_shown("TcpInSegs"));
    }

    #[test]
    fn no_counter_stands_twice_and_enough_of_tcps_are_known() {
        let mut names: Vec<&str> = COUNTERS.iter().map(|counter| counter.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), COUNTERS.len());
        assert!(names.iter().filter(|name| name.starts_with("Tcp")).count() >= 60);
    }

    /// A counter that is left out would not be seen where the rule says that it counts.
    #[test]
    fn the_counters_of_rules_are_known_and_shown() {
        for rule in RULES {
            for name in rule.counted {
                let counter = counter(name).unwrap_or_else(|| panic!("{}: {name}", rule.id));
                assert_eq!((counter.shown(), counter.left_out), (*name, None), "{}", rule.id);
            }
        }
    }
}
