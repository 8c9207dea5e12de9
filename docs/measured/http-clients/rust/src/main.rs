//! Two requests, one after the other, by a client that keeps its connection: rust-clients reqwest GET http://server:8080/

use std::error::Error;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, library, method, url] = arguments.as_slice() else {
        panic!("LIBRARY METHOD URL")
    };
    let done = match library.as_str() {
        "reqwest" => reqwest(method, url),
        _ => ureq(method, url),
    };
    if let Err(error) = done {
        let mut source = Some(error.as_ref() as &dyn Error);
        let mut words = Vec::new();
        while let Some(error) = source {
            words.push(error.to_string());
            source = error.source();
        }
        eprintln!("{}", words.join(": "));
        std::process::exit(1);
    }
}

fn reqwest(method: &str, url: &str) -> Result<(), Box<dyn Error>> {
    let client = reqwest::blocking::Client::new();
    for name in ["1", "2"] {
        let at = format!("{url}{name}");
        let request = match method {
            "POST" => client.post(at).body("x=1"),
            _ => client.get(at),
        };
        let response = request.send()?;
        println!("{} {}", response.status(), response.text()?);
    }
    Ok(())
}

fn ureq(method: &str, url: &str) -> Result<(), Box<dyn Error>> {
    let agent = ureq::agent();
    for name in ["1", "2"] {
        let at = format!("{url}{name}");
        let mut response = match method {
            "POST" => agent.post(at).send("x=1")?,
            _ => agent.get(at).call()?,
        };
        println!("{} {}", response.status(), response.body_mut().read_to_string()?);
    }
    Ok(())
}
