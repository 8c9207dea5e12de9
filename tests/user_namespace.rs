//! A process of one thread becomes root of a user namespace, and makes networks in it.
//!
//! Without libtest, whose threads would forbid it.

use finwait::os::netns::{capable, enter_user_namespace, unshare_net};
use finwait::os::{rtnl::Rtnl, sysctl, tun::Tun};

fn main() {
    enter_user_namespace().unwrap();
    assert!(rustix::process::getuid().is_root());
    assert!(capable());
    unshare_net().unwrap();
    sysctl::write("net.ipv4.tcp_syn_retries", "2").unwrap();
    let _tun = Tun::create("wire", false).unwrap();
    let mut rtnl = Rtnl::open().unwrap();
    let index = rtnl.link_index("wire").unwrap();
    rtnl.add_address(index, [10, 0, 0, 1].into(), 32).unwrap();
    rtnl.set_link(index, true, None).unwrap();
    rtnl.add_default_route(index, false).unwrap();
    println!("a user namespace of our own: ok");
}
