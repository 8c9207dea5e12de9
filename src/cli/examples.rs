//! The examples at the end of each help. A test reads each command line.

pub(super) const SCREEN: &str = "\
Examples:
  finwait                                      both ends, on the screen
  finwait tour half-close                      a guide through a scenario
  finwait do \"server listen\" \"client connect\"  the same calls, as text
  finwait explain \"write: broken pipe\"         why it happened";
pub(super) const TOUR: &str = "\
Examples:
  finwait tour                                 the lessons, to choose from
  finwait tour half-close
  finwait tour --client go close-wait-leak
  finwait tour ./mine.toml";
pub(super) const DO: &str = "\
Examples:
  finwait do \"server listen\" \"client connect\" \"client shutdown write\"
  finwait do --server-run \"nginx -p . -c nginx.conf\" \"client connect\"
  finwait do --json - < commands.txt";
pub(super) const SHELL: &str = "\
Examples:
  finwait shell client
  finwait shell server ss -tan";
pub(super) const LIST: &str = "\
Examples:
  finwait list
  finwait list --lessons
  finwait list ./scenarios";
pub(super) const SHOW: &str = "\
Examples:
  finwait show half-close > mine.toml";
pub(super) const RUN: &str = "\
Examples:
  finwait run half-close full-close
  finwait run half-close --export half-close.html
  finwait run ./scenarios --junit report.xml
  finwait run --all --keep-going";
pub(super) const CHECK: &str = "\
Examples:
  finwait check mine.toml";
pub(super) const CLAIMS: &str = "\
Examples:
  finwait claims --brief";
pub(super) const MATRIX: &str = "\
Examples:
  finwait matrix half-close --languages go,python
  finwait matrix --column \"mine=./endpoint\" read-reset-blocked";
pub(super) const PROXY: &str = "\
Examples:
  finwait proxy -- haproxy -db -f h.cfg
  finwait proxy --case idle --expect idle=fin -- ./my-proxy";
pub(super) const HTTP_CLIENT: &str = "\
Examples:
  finwait http-client -- curl -sS --fail-early {url}1 {url}2";
pub(super) const OPEN: &str = "\
Examples:
  finwait open run.jsonl
  finwait open a.pcap --connection 3";
pub(super) const EXPLAIN: &str = "\
Examples:
  finwait explain \"write: broken pipe\"
  finwait explain CLOSE_WAIT
  finwait explain a.pcap --connection 3
  ss -tan | finwait explain";
pub(super) const CODE: &str = "\
Examples:
  finwait code half-close --language python > half_close.py";
pub(super) const DOCTOR: &str = "\
Examples:
  finwait doctor";
pub(super) const CONFIG: &str = "\
Examples:
  finwait config
  finwait config --print > ~/.config/finwait/config.toml";
pub(super) const MAN: &str = "\
Examples:
  finwait man ~/.local/share/man/man1";
pub(super) const COMPLETIONS: &str = "\
Examples:
  finwait completions bash > ~/.local/share/bash-completion/completions/finwait
  finwait completions zsh > \"${fpath[1]}/_finwait\"
  finwait completions fish > ~/.config/fish/completions/finwait.fish";
pub(super) const BOOK: &str = "\
Examples:
  finwait book tcp-book
  finwait book tcp-book close half-close
  finwait book tcp-book ./lessons --allow-run";
pub(super) const EXPORT: &str = "\
Examples:
  finwait export run.jsonl run.html run.svg run.md
  finwait export run.jsonl --pcapng - | tshark -r -";
