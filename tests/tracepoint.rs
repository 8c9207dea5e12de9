//! The transcript misses no transition and invents none: what it tells of the states is what the kernel's own tracepoint saw, socket
//! by socket, and whose work each step was.
//!
//! A script is a list of commands, and nothing is expected but that both tell the same. `SERVER` stands for a port of this run's
//! own, which the server takes (it is what the tracepoint is filtered by, so one end of every connection has it), `CLIENT`, `OTHER`
//! and `THIRD` for those that a client may bind, and `NOBODY` for an address where nobody answers. Where a script ends all must
//! stand still, and a socket that ends in SYN_SENT must have been bound.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use finwait::side::Side;
use finwait::state::State;
use finwait::wire::segment::Flags;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

#[path = "support/author.rs"]
mod author;
#[path = "support/mod.rs"]
mod support;
#[path = "support/traced.rs"]
mod traced;
#[path = "support/tracefs.rs"]
mod tracefs;

use author::Author;
use support::{Lab, Run};
use traced::{By, Ports, Step, agree, as_traced, connections};
use tracefs::{Event, Instance};

/// A name, and what comes after [`LISTEN`]; `patience` is how many milliseconds a call that blocks for good is waited for, and
/// `times` how often a script is run whose result hangs on which thread is the quicker.
macro_rules! scripts {
    ($($name:ident $(patience $patience:literal)? $(times $times:literal)? [$($command:expr),* $(,)?])*) => {
        $(
            mod $name {
                use super::*;

                fn compare(lab: Lab) {
                    let patience = [$($patience,)? "20000"][0];
                    for _ in 0..[$($times,)? 1][0] {
                        told_is_what_was_seen(lab, patience, &[$($command),*]);
                    }
                }

                #[test]
                fn ipv4() {
                    compare(Lab::Isolated);
                }

                #[test]
                fn ipv6() {
                    compare(Lab::Isolated6);
                }
            }
        )*
    };
}

/// Stops both endpoints, as `kill -STOP` does: not a command of finwait.
const STOP: &str = "STOP";
/// Lets them go on.
const CONT: &str = "CONT";
/// What is run in a shell beside the lab (`finwait shell`), to its end, begins so: the host and the command line of a shell come after it.
const SHELL: &str = "SHELL ";
/// A setting, as it is: unlike a call's, that command waits until all is quiet, whatever the patience.
const CALM: &str = "server host tcp_abort_on_overflow off";

/// What every script begins with.
const LISTEN: &[&str] = &["server bind :SERVER", "server listen backlog=2"];

scripts! {
    // Opening
    connect_and_accept ["client connect :SERVER", "server accept"]
    many_connections [
        "client connect :SERVER",
        "client connect :SERVER",
        "client connect :SERVER",
        "server accept",
        "client close on=client2",
        "server accept",
        "server close",
        "client rst-close on=client",
    ]
    refused ["server close", "client connect :SERVER", "client connect :SERVER"]
    nobody_answers ["client host tcp_syn_retries 1", "client bind :CLIENT", "client connect NOBODY:SERVER"]
    no_route [
        "client host default_route off",
        "client connect NOBODY:SERVER",
        "client host default_route on",
        "client connect :SERVER",
    ]
    no_port_is_free [
        "client host ip_local_port_range 40000-40000",
        "client connect :SERVER",
        "client connect :SERVER",
        "client close on=client2",
    ]
    a_full_queue [
        "server listen backlog=0",
        "client connect :SERVER",
        "client connect :SERVER deadline=20",
        "server accept",
        "client poll out timeout=20000",
        "server accept",
    ]
    an_overflow_that_resets patience "200" [
        "server host tcp_abort_on_overflow on",
        "server set-option TCP_DEFER_ACCEPT 60",
        "client connect :SERVER",
        "client connect :SERVER",
        "client write",
        "client connect :SERVER",
        "client write",
        "client connect :SERVER",
        "client write",
        "client write on=client",
        "client read on=client",
    ]
    a_syn_cookie patience "200" [
        "server set-option TCP_DEFER_ACCEPT 60",
        "server listen backlog=1",
        "client connect :SERVER",
        "client connect :SERVER",
        "client connect :SERVER",
        "server accept",
        "client close",
        "client rst-close on=client",
    ]
    a_handshake_that_waits_for_data patience "200" [
        "server set-option TCP_DEFER_ACCEPT 60",
        "client connect :SERVER",
        "client write",
        "server accept",
    ]
    a_handshake_that_ends_in_a_fin patience "200" [
        "server set-option TCP_DEFER_ACCEPT 60",
        "client connect :SERVER",
        "client close",
        "server accept",
        "server close",
    ]
    a_handshake_that_is_given_up patience "200" [
        "server set-option TCP_DEFER_ACCEPT 60",
        "client connect :SERVER",
        "client rst-close",
        "client connect :SERVER",
        "server close",
    ]
    a_syn_that_meets_a_syn_sent [
        "server close",
        "server host device down",
        "client bind :CLIENT",
        "client connect :SERVER deadline=20",
        "server host device up",
        "server socket",
        "server set-option SO_REUSEADDR on",
        "server bind :SERVER",
        "server connect :CLIENT",
        "client close",
        "server close",
    ]

    // Orderly ends
    half_close [
        "client connect :SERVER",
        "server accept",
        "client shutdown write",
        "server write",
        "client read",
        "server read",
    ]
    half_close_by_the_server [
        "client connect :SERVER",
        "server accept",
        "server shutdown write",
        "client write",
        "client close",
    ]
    full_close_by_the_client ["client connect :SERVER", "server accept", "client close", "server close"]
    full_close_by_the_server ["client connect :SERVER", "server accept", "server close", "client close"]
    both_shut_down [
        "client connect :SERVER",
        "server accept",
        "client shutdown both",
        "server shutdown both",
        "client close",
        "server close",
    ]
    close_before_accept ["client connect :SERVER", "client close", "server accept", "server close"]
    fins_that_were_lost_and_cross [
        "client connect :SERVER",
        "server accept",
        "server host device down",
        "client shutdown write",
        "server shutdown write",
        "server host device up",
        "client read",
        "server read",
    ]
    a_lost_fin_of_an_orphan [
        "client connect :SERVER",
        "server accept",
        "server host device down",
        "client close",
        "server host device up",
        "server read",
        "server close",
    ]
    an_orphan_that_times_out [
        "client host tcp_fin_timeout 1",
        "client connect :SERVER",
        "server accept",
        "client close",
        "server poll pri timeout=1500",
        "server write",
        "server poll err timeout=20000",
    ]
    time_wait_whose_place_is_taken [
        "client host ip_local_port_range 40000-40000",
        "client connect :SERVER",
        "server accept",
        "server close",
        "client close",
        "client connect :SERVER",
        "server accept",
    ]
    a_second_descriptor [
        "client connect :SERVER",
        "server accept",
        "client dup",
        "client close on=client",
        "client close on=client-dup",
    ]
    a_linger_close_that_is_acknowledged [
        "client connect :SERVER",
        "server accept",
        "client write",
        "client linger-close 5",
        "server read",
        "server linger-close 5",
    ]
    a_linger_close_whose_time_is_up [
        "client connect :SERVER",
        "server accept",
        "server host device down",
        "client write",
        "client linger-close 1",
    ]
    a_close_while_a_read_waits patience "200" [
        "client connect :SERVER",
        "server accept",
        "client read",
        "client close",
        "server write",
        "server read",
    ]

    // The last holder of a socket is a call that waits: its end closes it, right after the packet that ended it.
    a_fin_ends_the_read_that_holds_it_last patience "100" times 8 [
        "client connect :SERVER",
        "server accept",
        "client read",
        "client rst-close",
        "server shutdown write",
    ]
    a_fin_ends_the_poll_that_holds_it_last patience "100" times 8 [
        "client connect :SERVER",
        "server accept",
        "client poll in timeout=20000",
        "client rst-close",
        "server close",
    ]
    a_fin_ends_the_read_that_holds_it_last_in_an_orderly_way patience "100" times 8 [
        "client connect :SERVER",
        "server accept",
        "client read",
        "client close",
        "server close",
    ]
    data_ends_the_read_that_holds_it_last patience "100" times 8 [
        "client connect :SERVER",
        "server accept",
        "client read",
        "client rst-close",
        "server write",
    ]
    data_and_a_fin_at_once_end_the_read_that_holds_it_last patience "100" times 8 [
        "client connect :SERVER",
        "server accept",
        "client read",
        "client rst-close",
        "wire hold data",
        "server write",
        "server shutdown write",
        "wire deliver all",
    ]
    a_fin_before_its_data_ends_no_read patience "100" times 8 [
        "client connect :SERVER",
        "server accept",
        "client read",
        "client rst-close",
        "wire hold data times=1",
        "server write",
        "server shutdown write",
        "wire deliver all",
    ]
    a_crossing_fin_ends_the_read_that_holds_it_last patience "100" times 8 [
        "client connect :SERVER",
        "server accept",
        "client read",
        "wire hold FIN",
        "client shutdown write",
        "client rst-close",
        "server shutdown write",
        "wire clear",
        "wire deliver 5",
        "wire deliver all",
    ]
    a_fin_acknowledged_ends_the_poll_that_holds_it_last patience "100" times 8 [
        "client connect :SERVER",
        "server accept",
        "client poll in timeout=20000",
        "wire hold FIN",
        "client shutdown write",
        "client rst-close",
        "wire clear",
        "wire deliver all",
    ]
    a_fin_that_acknowledges_a_fin_ends_the_read_that_holds_it_last patience "100" times 8 [
        "client connect :SERVER",
        "server accept",
        "client read",
        "wire hold any from=server",
        "client shutdown write",
        "client rst-close",
        "server shutdown write",
        "wire drop next",
        "wire clear",
        "wire deliver all",
    ]
    a_reset_ends_the_read_that_holds_it_last patience "100" times 4 [
        "client connect :SERVER",
        "server accept",
        "client read",
        "client close",
        "server rst-close",
    ]
    a_syn_ack_ends_the_connect_that_holds_it_last patience "100" times 8 [
        "wire hold SYN,ACK",
        "client bind :CLIENT",
        "client connect :SERVER",
        "client rst-close",
        "wire deliver all",
        "server accept",
    ]
    a_syn_ack_ends_the_connect_that_holds_it_last_in_an_orderly_way patience "100" times 8 [
        "wire hold SYN,ACK",
        "client bind :CLIENT",
        "client connect :SERVER",
        "client close",
        "wire deliver all",
        "server accept",
        "server close",
    ]
    crossing_syns_end_the_connect_that_holds_it_last patience "100" times 8 [
        "server close",
        "server socket",
        "server bind :SERVER",
        "client bind :CLIENT",
        "wire step",
        "client connect :SERVER",
        "server connect :CLIENT",
        "client rst-close",
        "wire deliver all",
        "wire flow",
    ]
    an_interrupt_ends_the_read_that_holds_it_last patience "100" times 4 [
        "client connect :SERVER",
        "server accept",
        "client read",
        "client rst-close",
        "client interrupt",
        "server read",
    ]
    two_reads_hold_it_last patience "100" times 8 [
        "client connect :SERVER",
        "server accept",
        "client read",
        "client read",
        "client rst-close",
        "server shutdown write",
    ]
    a_read_by_another_descriptor_holds_it_last patience "100" times 8 [
        "client connect :SERVER",
        "server accept",
        "client dup",
        "client read on=client-dup",
        "client close on=client",
        "client rst-close on=client-dup",
        "server shutdown write",
    ]
    a_write_holds_it_last patience "100" times 4 [
        "client connect :SERVER",
        "server accept",
        "client set-option SO_SNDBUF 4608",
        "client write x repeat=4000000",
        "client rst-close",
        "server rst-close",
    ]
    an_accept_takes_the_first_and_the_listener_goes patience "100" times 8 [
        "wire hold ACK from=client",
        "client connect :SERVER",
        "client connect :SERVER",
        "server accept",
        "server close",
        "wire deliver next",
        "wire deliver all",
    ]
    a_linger_close_waits_in_the_read_that_holds_it_last patience "100" times 4 [
        "client connect :SERVER",
        "server accept",
        "client read",
        "client linger-close 5",
        "server shutdown write",
        "server close",
    ]
    kill_under_a_read_that_holds_it_last patience "100" times 4 [
        "client connect :SERVER",
        "server accept",
        "client read",
        "client rst-close",
        "client kill",
        "server read",
    ]
    destroy_under_a_read_that_holds_it_last patience "100" times 4 [
        "client connect :SERVER",
        "server accept",
        "client read",
        "client rst-close",
        "client destroy on=client",
    ]

    // A port that is used again
    time_wait_whose_place_our_connect_takes [
        "client socket",
        "client set-option SO_REUSEADDR on",
        "client bind :CLIENT",
        "client connect :SERVER",
        "server accept",
        "client close",
        "server close",
        "client socket",
        "client set-option SO_REUSEADDR on",
        "client bind :CLIENT",
        "client connect :SERVER",
        "server accept",
    ]
    an_orphan_whose_place_our_connect_takes [
        "client socket",
        "client set-option SO_REUSEADDR on",
        "client bind :CLIENT",
        "client connect :SERVER",
        "server accept",
        "client close",
        "client socket",
        "client set-option SO_REUSEADDR on",
        "client bind :CLIENT",
        "client connect :SERVER",
        "server accept",
    ]
    time_wait_whose_place_a_connect_from_its_own_end_takes [
        "client socket",
        "client set-option SO_REUSEADDR on",
        "client bind :CLIENT",
        "client connect :SERVER",
        "server accept",
        "client close",
        "server close on=server",
        "server close on=listener",
        "client socket",
        "client set-option SO_REUSEADDR on",
        "client bind :CLIENT",
        "client connect :SERVER",
    ]
    a_connection_dissolved_and_connected_anew [
        "client bind :CLIENT",
        "client connect :SERVER",
        "server accept",
        "client disconnect",
        "client connect :SERVER",
        "server accept",
    ]
    a_connection_destroyed_and_connected_anew [
        "client socket",
        "client set-option SO_REUSEADDR on",
        "client bind :CLIENT",
        "client connect :SERVER",
        "server accept",
        "client destroy",
        "client close",
        "client bind :CLIENT",
        "client connect :SERVER",
        "server accept",
    ]
    a_connection_whose_last_ack_came_connected_anew [
        "client bind :CLIENT",
        "client connect :SERVER",
        "server accept",
        "server close",
        "client close",
        "client socket",
        "client bind :CLIENT",
        "client connect :SERVER",
        "server accept",
    ]
    the_server_connects_into_the_clients_time_wait [
        "server close",
        "client socket",
        "client set-option SO_REUSEADDR on",
        "client bind :CLIENT",
        "server socket",
        "server set-option SO_REUSEADDR on",
        "server bind :SERVER",
        "server listen on=listener2",
        "client connect :SERVER",
        "server accept",
        "client close",
        "server close on=server",
        "server close on=listener2",
        "client socket",
        "client set-option SO_REUSEADDR on",
        "client bind :CLIENT",
        "client listen",
        "server socket",
        "server set-option SO_REUSEADDR on",
        "server bind :SERVER",
        "server connect :CLIENT",
    ]

    // At once: processes that are stopped make the calls that they were told of when they go on, together.
    opens_at_once patience "100" [
        "server close",
        "server socket",
        "server bind :SERVER",
        "client bind :CLIENT",
        STOP,
        "client connect :SERVER",
        "server connect :CLIENT",
        CONT,
    ]
    shutdowns_at_once patience "100" [
        "client connect :SERVER",
        "server accept",
        STOP,
        "client shutdown write",
        "server shutdown write",
        CONT,
    ]
    closes_at_once patience "100" [
        "client connect :SERVER",
        "server accept",
        STOP,
        "client close",
        "server close",
        CONT,
    ]
    a_write_and_closes_at_once patience "100" [
        "client connect :SERVER",
        "server accept",
        STOP,
        "client write",
        "server close",
        "client close",
        CONT,
    ]
    a_connect_and_a_reset_of_one_socket_at_once patience "100" times 6 [
        "client bind :CLIENT",
        STOP,
        "client connect :SERVER",
        "client rst-close",
        CONT,
        "server accept",
    ]
    a_reset_and_a_close_at_once patience "100" [
        "client connect :SERVER",
        "server accept",
        STOP,
        "client rst-close",
        "server close",
        CONT,
    ]
    a_connect_and_a_close_of_the_listener_at_once patience "100" [
        "client socket",
        STOP,
        "client connect :SERVER",
        "server close",
        CONT,
    ]

    // RST
    reset_in_syn_sent [
        "client bind :CLIENT",
        "client connect NOBODY:SERVER deadline=20",
        "client rst-close",
    ]
    reset_in_established ["client connect :SERVER", "server accept", "client rst-close", "server read"]
    reset_by_the_server ["client connect :SERVER", "server accept", "server rst-close", "client read"]
    reset_before_accept ["client connect :SERVER", "client rst-close", "server accept", "server close"]
    reset_in_close_wait ["client connect :SERVER", "server accept", "server shutdown write", "client rst-close"]
    reset_in_fin_wait1 [
        "client connect :SERVER",
        "server accept",
        "server host device down",
        "client shutdown write",
        "client rst-close",
    ]
    reset_in_fin_wait2 ["client connect :SERVER", "server accept", "client shutdown write", "client rst-close"]
    reset_in_last_ack [
        "client connect :SERVER",
        "server accept",
        "server shutdown write",
        "server host device down",
        "client shutdown write",
        "client rst-close",
    ]
    reset_of_a_listener ["client connect :SERVER", "server rst-close"]
    close_with_unread_data ["client connect :SERVER", "server accept", "client write", "server close"]
    write_to_a_closed_end ["client connect :SERVER", "server accept", "server close", "client write"]

    // On the wire: segments held, lost, out of order, made up
    simultaneous_open patience "150" [
        "server close",
        "server socket",
        "server bind :SERVER",
        "client bind :CLIENT",
        "wire step",
        "client connect :SERVER",
        "server connect :CLIENT",
        "wire deliver all",
        "wire flow",
        "client write",
        "server read",
    ]
    simultaneous_close patience "300" [
        "client connect :SERVER",
        "server accept",
        "wire step",
        "client shutdown write",
        "server shutdown write",
        "wire deliver all",
        "wire flow",
    ]
    simultaneous_close_by_close patience "300" [
        "client connect :SERVER",
        "server accept",
        "wire step",
        "client close",
        "server close",
        "wire deliver all",
        "wire flow",
    ]
    a_handshake_step_by_step patience "150" [
        "wire step",
        "client connect :SERVER",
        "wire deliver next",
        "wire deliver next",
        "wire deliver next",
        "server accept",
        "client close",
        "wire deliver next",
        "server close",
        "wire deliver all",
        "wire deliver all",
    ]
    a_lost_syn ["wire drop SYN times=1", "client connect :SERVER", "server accept"]
    a_lost_final_ack_and_data [
        "wire preset lose-final-ack",
        "client connect :SERVER",
        "client write",
        "server accept",
    ]
    a_lost_final_ack_and_a_fin patience "300" [
        "wire drop ACK from=client times=3",
        "client connect :SERVER",
        "client close",
        "server accept",
    ]
    a_fin_that_overtakes_data patience "300" [
        "client connect :SERVER",
        "server accept",
        "wire step",
        "client write",
        "client shutdown write",
        "wire deliver 5",
        "wire deliver all",
        "wire flow",
    ]
    a_fin_that_acknowledges_a_fin patience "300" [
        "client connect :SERVER",
        "server accept",
        "client shutdown write",
        "wire hold any from=server",
        "server shutdown write",
        "wire deliver all",
    ]
    data_for_an_orphan_that_acknowledges_its_fin patience "300" [
        "client connect :SERVER",
        "server accept",
        "wire hold ACK from=server",
        "client close",
        "server write",
        "wire deliver all",
    ]
    a_last_ack_that_is_lost patience "300" [
        "client connect :SERVER",
        "server accept",
        "client close",
        "wire drop ACK from=client times=1",
        "server close",
        "server poll timeout=400",
    ]
    a_forged_reset_in_syn_sent patience "300" ["wire hold SYN", "client bind :CLIENT", "client connect :SERVER", "wire forge rst to=client"]
    a_forged_reset_in_syn_recv patience "300" [
        "wire hold ACK from=client",
        "client connect :SERVER",
        "wire forge rst to=server",
        "wire deliver all",
    ]
    a_forged_reset_in_established ["client connect :SERVER", "server accept", "wire forge rst to=client"]
    a_forged_reset_in_fin_wait1 patience "300" [
        "client connect :SERVER",
        "server accept",
        "wire step",
        "client shutdown write",
        "wire forge rst to=client",
        "wire flow",
        // The ACK of the FIN is delayed, and answered with RST.
        "server poll hup timeout=20000",
    ]
    a_forged_reset_in_fin_wait2 [
        "client connect :SERVER",
        "server accept",
        "client shutdown write",
        "wire forge rst to=client",
    ]
    a_forged_reset_in_close_wait [
        "client connect :SERVER",
        "server accept",
        "client shutdown write",
        "wire forge rst to=server",
    ]
    a_forged_reset_in_closing patience "300" [
        "client connect :SERVER",
        "server accept",
        "wire step",
        "client shutdown write",
        "server shutdown write",
        "wire deliver all",
        "wire forge rst to=client",
        "wire drop all",
    ]
    a_forged_reset_in_last_ack patience "300" [
        "client connect :SERVER",
        "server accept",
        "client shutdown write",
        "wire step",
        "server close",
        "wire forge rst to=server",
        "wire drop all",
    ]
    a_forged_reset_in_time_wait [
        "client connect :SERVER",
        "server accept",
        "client close",
        "server close",
        "wire forge rst to=client",
    ]
    forged_resets_that_are_not_taken [
        "client connect :SERVER",
        "server accept",
        "wire forge rst to=client seq=in-window",
        "wire forge rst to=server seq=out-of-window",
        "wire forge syn to=server",
    ]
    a_forged_fin ["client connect :SERVER", "server accept", "wire forge fin to=server", "server close"]
    icmp_in_syn_sent patience "300" [
        "wire hold SYN",
        "client bind :CLIENT",
        "client connect :SERVER",
        "wire forge host-unreachable to=client",
    ]

    // The listener
    close_of_a_listener ["server close"]
    close_of_a_listener_with_a_queue ["client connect :SERVER", "client connect :SERVER", "server close"]
    close_of_a_listener_while_accept_waits patience "200" [
        "server accept",
        "server close",
        "client connect :SERVER",
        "client connect :SERVER",
    ]
    a_listener_whose_sending_is_shut_down ["server shutdown write", "client connect :SERVER", "server accept"]
    a_shutdown_in_syn_recv_waits_for_the_last_ack patience "150" [
        "server close",
        "server socket",
        "server bind :SERVER",
        "client bind :CLIENT",
        "wire step",
        "client connect :SERVER",
        "server connect :CLIENT",
        "wire deliver all",
        "client shutdown write",
        "wire flow",
        "server close",
    ]
    shutdown_of_a_listener_by_another_descriptor ["server dup", "client connect :SERVER", "server shutdown read on=listener-dup"]
    destroy_of_a_listener_with_a_queue ["client connect :SERVER", "client connect :SERVER", "server destroy on=listener"]
    shutdown_of_a_listener ["client connect :SERVER", "server shutdown read"]
    disconnect_of_a_listener ["client connect :SERVER", "server disconnect", "server listen"]

    // Ends of what never was, and of the way to the peer
    close_in_syn_sent ["client bind :CLIENT", "client connect NOBODY:SERVER deadline=20", "client close"]
    shutdown_in_syn_sent [
        "client bind :CLIENT",
        "client connect NOBODY:SERVER deadline=20",
        "client shutdown write",
        "client connect :SERVER",
    ]
    disconnect_in_syn_sent [
        "client bind :CLIENT",
        "client connect NOBODY:SERVER deadline=20",
        "client disconnect",
    ]
    disconnect_in_established [
        "client connect :SERVER",
        "server accept",
        "client disconnect",
        "client connect :SERVER",
        "server accept",
    ]
    disconnect_in_close_wait ["client connect :SERVER", "server accept", "server close", "client disconnect"]
    disconnect_in_fin_wait2 ["client connect :SERVER", "server accept", "client shutdown write", "client disconnect"]
    data_that_nobody_acknowledges [
        "client connect :SERVER",
        "server accept",
        "client host tcp_retries2 1",
        "server host device down",
        "client write",
        "client read",
    ]

    // Death
    kill_in_established ["client connect :SERVER", "server accept", "client kill", "server close"]
    kill_with_unread_data ["client connect :SERVER", "server accept", "server write", "client kill"]
    kill_in_syn_sent patience "200" ["client bind :CLIENT", "client connect NOBODY:SERVER", "client kill"]
    kill_in_close_wait ["client connect :SERVER", "server accept", "server close", "client kill", "client restart"]
    kill_in_fin_wait2 ["client connect :SERVER", "server accept", "client shutdown write", "client kill"]
    kill_of_a_listener_with_a_queue ["client connect :SERVER", "client connect :SERVER", "server kill"]
    kill_of_a_server_that_waits patience "200" [
        "client connect :SERVER",
        "server accept",
        "server accept",
        "server read on=server",
        "server kill",
        "server restart",
        "client close",
    ]

    // Programs of the user's own, and what is run in a shell, which the lab has not started
    a_program_that_serves_one_in_a_shell [
        "server close",
        "server run python3 -u -c \"import socket; s = socket.create_server(('', SERVER), family=socket.AF_INET6, dualstack_ipv6=True); c, a = s.accept(); c.recv(999); c.sendall(b'HTTP/1.0 200 OK\\\\r\\\\n\\\\r\\\\nhello'); c.close()\"",
        "server await LISTEN port=SERVER",
        "SHELL client curl -sS -o /dev/null http://server:SERVER/",
        "server await exit",
    ]
    one_in_a_shell_that_gives_up [
        "SHELL client ! curl -sS -m 0.5 http://server:SERVER/",
        "server accept",
        "server close",
    ]
    one_in_a_shell_that_half_closes [
        "SHELL client python3 -c \"import socket; s = socket.create_connection(('server', SERVER)); s.shutdown(1); s.close()\"",
        "server accept",
        "server close",
    ]
    one_in_a_shell_that_resets [
        "SHELL client python3 -c \"import socket, struct; s = socket.create_connection(('server', SERVER)); s.setsockopt(1, 13, struct.pack('ii', 1, 0)); s.close()\"",
        "server accept",
        "server close",
    ]
    a_server_in_a_shell [
        "server close",
        "SHELL server python3 -c \"import socket; s = socket.create_server(('', SERVER), family=socket.AF_INET6, dualstack_ipv6=True); c, a = s.accept(); c.recv(1); c.close()\" </dev/null >/dev/null 2>&1 & until ss -tln | grep -q :SERVER; do :; done",
        "client connect :SERVER",
        "client close",
    ]
    sigpipe ["client connect :SERVER", "server accept", "server sigpipe default", "server shutdown write", "server write"]
}

/// Scripts at random: the first few seeds; as many as `FINWAIT_SCRIPTS=FIRST-LAST` says, when that is set.
#[test]
fn scripts_at_random() {
    let said = std::env::var("FINWAIT_SCRIPTS").unwrap_or_else(|_| "1-12".to_owned());
    let (first, last) = said.split_once('-').unwrap();
    let seeds: std::ops::RangeInclusive<u64> = first.parse().unwrap()..=last.parse().unwrap();
    let mut wrong = Vec::new();
    for seed in seeds {
        let lab = if seed % 4 == 0 { Lab::Isolated6 } else { Lab::Isolated };
        let compared = std::panic::catch_unwind(|| {
            let mut author = Author::new(seed);
            compare(lab, "30", &mut |run| author.next(run));
        });
        if compared.is_err() {
            wrong.push(seed);
        }
    }
    assert!(wrong.is_empty(), "seeds {wrong:?}");
}

/// Runs the script with the tracepoint on, and compares.
#[track_caller]
fn told_is_what_was_seen(lab: Lab, patience: &str, script: &[&str]) {
    let mut left = script.iter();
    compare(lab, patience, &mut |_| {
        left.next().map(|&command| vec![command.to_owned()])
    });
}

/// Runs what `next` gives, one command after the other, with the tracepoint on, and compares.
#[track_caller]
fn compare(lab: Lab, patience: &str, next: &mut dyn FnMut(&Run) -> Option<Vec<String>>) {
    let instance = match Instance::record() {
        Ok(instance) => instance,
        Err(why) => {
            // A developer may be without root; where everything must be checked (`CI`) it is required.
            assert!(std::env::var("CI") != Ok("true".into()), "not compared: {why}");
            eprintln!("not compared with the kernel's tracepoint, which needs root and tracefs: {why}");
            return;
        }
    };
    let server = instance.port();
    let nobody = if lab == Lab::Isolated6 {
        "[2001:db8::1]"
    } else {
        "203.0.113.1"
    };
    let words = [
        ("SERVER", server.to_string()),
        ("CLIENT", (server + 10_000).to_string()),
        ("OTHER", (server + 20_000).to_string()),
        ("THIRD", (server + 30_000).to_string()),
        ("NOBODY", nobody.to_owned()),
    ];
    let mut run = lab.open_with(&["--patience", patience]);
    let wire = thread_called("lab", run.pid());
    let mut stopped_at = 0;
    let with = |text: String, (word, value): &(&str, String)| text.replace(word, value);
    let mut carry_out = |run: &mut Run, command: &str| match command {
        STOP => {
            both(run, Signal::STOP);
            stopped_at = run.said.len();
        }
        CONT => {
            both(run, Signal::CONT);
            return_of_all(run, stopped_at);
        }
        _ if command.starts_with(SHELL) => {
            run.settles();
            in_a_shell(run, &words.iter().fold(command.to_owned(), with)[SHELL.len()..]);
        }
        // On a slow machine a call that blocks for a moment may have let the next one pass, and nothing stands there then.
        "wire deliver all" | "wire deliver next" | "wire drop next" if author::held(run).is_empty() => {}
        _ => {
            run.gives(&words.iter().fold(command.to_owned(), with));
            run.settles();
        }
    };
    LISTEN.iter().for_each(|command| carry_out(&mut run, command));
    while let Some(commands) = next(&run) {
        commands.iter().for_each(|command| carry_out(&mut run, command));
    }
    // A thread that was woken has not always gone on when the lab is quiet, and the tracepoint may see it first.
    let deadline = Instant::now() + STILL;
    let wrong = loop {
        carry_out(&mut run, CALM);
        let is_late = Instant::now() > deadline;
        if is_late || !is_sending(&run) {
            let wrong = disagreement(&run, wire, server, &instance.events());
            if is_late || wrong.is_none() {
                break wrong;
            }
        }
        std::thread::park_timeout(Duration::from_millis(5));
    };
    nothing_is_left_open(&run);
    if let Some(wrong) = wrong {
        panic!("{wrong}");
    }
    run.end();
}

/// Runs a command line in a shell on a host of the run's lab, to its end.
#[track_caller]
fn in_a_shell(run: &Run, command: &str) {
    let (host, line) = command.split_once(' ').unwrap();
    let mut shell = support::finwait();
    shell.args(["shell", host, "--pid", &run.pid().to_string(), "--", "sh", "-c", line]);
    let output = support::output(&mut shell);
    assert!(output.status.success(), "{line}: {output:?}");
}

/// Where the transcript and the tracepoint of the server's port differ, in SYN cookies as well.
fn disagreement(run: &Run, wire: u32, server: u16, events: &[Event]) -> Option<String> {
    let is_traced = |ports: Ports| ports.0 == server || ports.1 == server;
    let cookies = cookies_received(run);
    let mut seen: BTreeMap<Side, BTreeMap<Ports, Vec<Step>>> = BTreeMap::new();
    for (ports, steps) in connections(events, wire) {
        let side = if ports.0 == server { Side::Server } else { Side::Client };
        seen.entry(side).or_default().insert(ports, steps);
    }
    for side in Side::BOTH {
        let told = told(run, side);
        let seen = seen.remove(&side).unwrap_or_default();
        let by_cookie = made_of_cookies(run, side);
        let cookies = if side == Side::Server { cookies } else { 0 };
        if by_cookie != cookies {
            let transcript = run.transcript();
            return Some(format!(
                "the {side}'s SYN cookies: {by_cookie}, not {cookies}\n{transcript}"
            ));
        }
        // A listener is traced by its own port alone.
        let told: BTreeMap<Ports, Vec<Step>> = told.into_iter().filter(|(ports, _)| is_traced(*ports)).collect();
        let all: BTreeSet<Ports> = told.keys().chain(seen.keys()).copied().collect();
        for ports in all {
            let told = told.get(&ports).map_or(&[][..], Vec::as_slice);
            let told = as_traced(told, is_minisock(run, side, ports));
            let seen = seen.get(&ports).map_or(&[][..], Vec::as_slice);
            let alike = told.len() == seen.len() && told.iter().zip(seen).all(|(told, seen)| agree(told, seen));
            if !alike {
                let transcript = run.transcript();
                return Some(format!(
                    "the {side}'s {ports:?}\ntold {told:#?}\nseen {seen:#?}\n{transcript}{events:#?}"
                ));
            }
        }
    }
    None
}

/// Each change has a cause, and each number is counted from the first of its own connection: scripts send little.
#[track_caller]
fn nothing_is_left_open(run: &Run) {
    for line in &run.said {
        assert!(line["cause"] != "unseen", "{line}\n{}", run.transcript());
        if line["kind"] == "packet" && line["origin"] != "forged" {
            let is_small = |number: &Value| number.as_u64().is_none_or(|number| number < 1 << 28);
            assert!(
                is_small(&line["seq"]) && is_small(&line["ack"]),
                "{line}\n{}",
                run.transcript()
            );
        }
    }
}

/// How long something that was lost may take to be sent again and answered, and a thread to go on.
const STILL: Duration = Duration::from_secs(8);

/// Does a socket wait for an acknowledgement, and nothing is held on the wire?
fn is_sending(run: &Run) -> bool {
    let last = run.said.iter().rfind(|line| line["kind"] == "states").unwrap();
    let waits = |side: Side| {
        let mut sockets = last["states"][side.name()].as_array().unwrap().iter();
        sockets.any(|socket| socket["timer"]["kind"] == "retransmit")
    };
    Side::BOTH.into_iter().any(waits) && author::held(run).is_empty()
}

/// Sends both endpoints a signal.
fn both(run: &Run, signal: Signal) {
    for side in Side::BOTH {
        let pid = Pid::from_raw(run.endpoint(side.name()).try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }
}

/// Waits until the calls that were blocked since that place of the transcript have returned.
fn return_of_all(run: &mut Run, since: usize) {
    let blocked = run.said[since..].iter().filter(|line| line["kind"] == "blocked");
    for call in blocked.map(|line| line["call"].clone()).collect::<Vec<_>>() {
        run.awaits(|line| line["kind"] == "outcome" && line["call"] == call);
    }
}

/// How many connections the server's host has made of SYN cookies.
fn cookies_received(run: &Run) -> usize {
    let host = thread_called("server host", run.pid());
    let counters = fs::read_to_string(format!("/proc/{}/task/{host}/net/netstat", run.pid())).unwrap();
    // A line of names, and a line of numbers.
    let mut lines = counters.lines().filter_map(|line| line.strip_prefix("TcpExt: "));
    let [names, numbers] = [lines.next(), lines.next()].map(|line| line.unwrap().split(' '));
    let mut counters = names.zip(numbers);
    let (_, count) = counters.find(|(name, _)| *name == "SyncookiesRecv").unwrap();
    count.parse().unwrap()
}

/// The thread of a process that has this name.
fn thread_called(name: &str, process: u32) -> u32 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let paths = tasks.map(|task| task.unwrap().path());
    let is_it = |path: &std::path::PathBuf| fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm.trim() == name);
    let found: Vec<_> = paths.filter(is_it).collect();
    assert_eq!(found.len(), 1, "threads called {name}");
    found[0].file_name().unwrap().to_str().unwrap().parse().unwrap()
}

/// What the transcript tells of an end's sockets, by connection.
fn told(run: &Run, side: Side) -> BTreeMap<Ports, Vec<Step>> {
    let mut told: BTreeMap<Ports, Vec<Step>> = BTreeMap::new();
    for line in &run.said {
        if line["kind"] == "state" && line["side"] == side.name() {
            let port = |end: &str| port(&line["tuple"][end]);
            let state = |end: &str| serde_json::from_value::<State>(line[end].clone()).unwrap();
            told.entry((port("local"), port("peer"))).or_default().push(Step {
                from: state("from"),
                to: state("to"),
                by: Some(by(&line["cause"])),
            });
        }
    }
    told
}

/// How many handshakes began with their last ACK.
fn made_of_cookies(run: &Run, side: Side) -> usize {
    let is_it = |line: &&Value| {
        let flags = line["cause"]["received"]["flags"]
            .as_u64()
            .map(|flags| Flags(flags as u16));
        line["kind"] == "state"
            && line["side"] == side.name()
            && line["from"] == "CLOSE"
            && line["to"] == "SYN_RECV"
            && flags.is_some_and(|flags| !flags.has(Flags::SYN))
    };
    run.said.iter().filter(is_it).count()
}

fn by(cause: &Value) -> By {
    let kind = match cause {
        Value::String(word) => word,
        Value::Object(map) => map.keys().next().unwrap(),
        other => panic!("{other}"),
    };
    match kind.as_str() {
        "call" | "release" | "death" | "program" => By::Process,
        // The thread that writes packets to the hosts is the one that asks the kernel to destroy.
        "received" | "destroyed" => By::Wire,
        "timer" => By::Timer,
        _ => By::Nobody,
    }
}

/// Does procfs show that connection at the end as an orphan in FIN_WAIT2?
fn is_minisock(run: &Run, side: Side, ports: Ports) -> bool {
    let last = run.said.iter().rfind(|line| line["kind"] == "states").unwrap();
    let sockets = last["states"][side.name()].as_array().unwrap();
    sockets.iter().any(|socket| {
        socket["local"].is_string()
            && (port(&socket["local"]), port(&socket["peer"])) == ports
            && socket["state"] == "FIN_WAIT2"
            && socket["timer"]["kind"] == "time-wait"
    })
}

fn port(address: &Value) -> u16 {
    let address: SocketAddr = address.as_str().unwrap().parse().unwrap();
    address.port()
}
