//! Each test has a lab of its own, and they run at once.

use std::net::Shutdown;

use finwait_lab::{Errno, Lab, Listener, Result, Segment, Setting, Socket, State};

/// A client and a server that are connected.
struct Connection {
    lab: Lab,
    _listener: Listener,
    client: Socket,
    server: Socket,
}

fn connection() -> Result<Connection> {
    let lab = Lab::isolated()?;
    let listener = lab.server().listen(8080)?;
    let client = lab.client().connect(listener.addr())?;
    let server = listener.accept()?;
    Ok(Connection {
        lab,
        _listener: listener,
        client,
        server,
    })
}

/// While the FIN is on its way, the client is in FIN_WAIT1 and the server knows nothing of it.
#[test]
fn a_fin_on_its_way() -> Result<()> {
    let Connection {
        lab, client, server, ..
    } = connection()?;
    let fin = lab.wire().hold(Segment::fin().from(lab.client()));
    client.shutdown(Shutdown::Write)?;
    assert_eq!(client.state()?, State::FinWait1);
    assert_eq!(server.state()?, State::Established);

    fin.next()?.deliver()?;
    assert_eq!(server.state()?, State::CloseWait);
    lab.until(|view| view.state(&client) == State::FinWait2)
}

/// The other direction stays open: the server answers after the client's FIN.
#[test]
fn the_answer_comes_after_the_half_close() -> Result<()> {
    let Connection { client, server, .. } = &connection()?;
    client.write(b"request")?;
    client.shutdown(Shutdown::Write)?;
    assert_eq!(server.read(100)?, b"request");
    assert_eq!(server.read(100)?, b"", "the end of the request");
    server.write(b"answer")?;
    assert_eq!(client.read(100)?, b"answer");
    assert_eq!(client.write(b"more").unwrap_err().errno(), Some(Errno::EPIPE));
    Ok(())
}

/// With the descriptor open, FIN_WAIT2 lasts as long as the server likes; closed, as long as tcp_fin_timeout.
#[test]
fn fin_wait2_ends_for_an_orphan_only() -> Result<()> {
    let Connection {
        lab, client, server, ..
    } = connection()?;
    lab.client().set(Setting::TcpFinTimeout, 1)?;
    client.shutdown(Shutdown::Write)?;
    lab.quiet()?;
    assert_eq!(client.state()?, State::FinWait2);
    client.close()?;
    lab.until(|view| view.state(&client) == State::Close)?;
    assert_eq!(server.state()?, State::CloseWait);
    server.write(b"too late")?;
    lab.quiet()?;
    assert_eq!(server.so_error()?, Some(Errno::EPIPE));
    Ok(())
}

/// Both FINs cross on the wire.
#[test]
fn a_simultaneous_close() -> Result<()> {
    let Connection {
        lab, client, server, ..
    } = connection()?;
    let client_fin = lab.wire().hold(Segment::fin().from(lab.client()));
    let server_fin = lab.wire().hold(Segment::fin().from(lab.server()));
    client.close()?;
    server.close()?;
    let server_ack = lab.wire().hold(Segment::ack().from(lab.server()));
    let client_ack = lab.wire().hold(Segment::ack().from(lab.client()));
    client_fin.next()?.deliver()?;
    server_fin.next()?.deliver()?;
    assert_eq!(client.state()?, State::Closing);
    assert_eq!(server.state()?, State::Closing);
    server_ack.next()?.deliver()?;
    client_ack.next()?.deliver()?;
    assert_eq!(client.state()?, State::TimeWait);
    assert_eq!(server.state()?, State::TimeWait);
    Ok(())
}

/// Labs of many threads do not meet, though their addresses are the same.
#[test]
fn many_labs_at_once() {
    let lab = || -> Result<()> {
        let Connection {
            lab, client, server, ..
        } = connection()?;
        let fin = lab.wire().hold(Segment::fin().from(lab.client()));
        client.close()?;
        assert_eq!(client.state()?, State::FinWait1);
        fin.next()?.deliver()?;
        assert_eq!(server.state()?, State::CloseWait);
        Ok(())
    };
    // FINWAIT_LABS=50 to see how many the machine can take.
    let labs = std::env::var("FINWAIT_LABS").map_or(4, |labs| labs.parse().expect("a number"));
    std::thread::scope(|scope| {
        let labs: Vec<_> = (0..labs).map(|_| scope.spawn(lab)).collect();
        for lab in labs {
            lab.join().expect("no panic").expect("no failure");
        }
    });
}
