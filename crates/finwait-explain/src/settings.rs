//! The meaning of a setting of a host or of its process.

use finwait_model::host::Setting;

use super::text::settings::SettingHelp;

/// Returns a description in a few words.
pub fn help(setting: Setting) -> String {
    let help = match setting {
        Setting::TcpSynRetries => SettingHelp::TcpSynRetries,
        Setting::TcpRetries2 => SettingHelp::TcpRetries2,
        Setting::TcpFinTimeout => SettingHelp::TcpFinTimeout,
        Setting::TcpAbortOnOverflow => SettingHelp::TcpAbortOnOverflow,
        Setting::IpLocalPortRange => SettingHelp::IpLocalPortRange,
        Setting::DefaultRoute => SettingHelp::DefaultRoute,
        Setting::Device => SettingHelp::Device,
        Setting::Mtu => SettingHelp::Mtu,
        Setting::Nofile => SettingHelp::Nofile,
    };
    help.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_description_fits_its_line() {
        for setting in Setting::ALL {
            assert!((5..=45).contains(&help(setting).len()), "{}", help(setting));
        }
    }
}
