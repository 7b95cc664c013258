//! Values of flags: lengths of time, networks.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

/// `24h`, `90m`, `7d`.
pub fn length_of_time(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a length of time such as 24h, 90m or 7d");
    let (number, unit) =
        text.split_at(text.len() - text.chars().next_back().map_or(0, char::len_utf8));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let number = number
        .parse::<u64>()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(wrong)?;
    number
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

/// A session's last use is known within a minute.
pub fn idle_time(text: &str) -> Result<Duration, String> {
    let time = length_of_time(text)?;
    if time < Duration::from_mins(2) {
        return Err("a session has to last for two minutes at least".to_owned());
    }
    Ok(time)
}

/// A network, or one address.
pub fn network(text: &str) -> Result<IpNet, String> {
    let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let network = text.parse().ok().or_else(one);
    network.ok_or_else(|| format!("`{text}` is not a network such as 10.0.0.0/8"))
}

/// What happened within a week may still have to be told, and counts for whoever looks.
pub fn time_of_the_log(text: &str) -> Result<Duration, String> {
    let time = length_of_time(text)?;
    if time < Duration::from_hours(7 * 24) {
        return Err("the audit log has to be kept for seven days (7d) at least".to_owned());
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_written_with_their_unit() {
        assert_eq!(length_of_time("24h"), Ok(Duration::from_hours(24)));
        assert_eq!(length_of_time("7d"), Ok(Duration::from_hours(168)));
        for wrong in ["", "24", "h", "-1h", "0h", "1 week", "24€"] {
            assert!(
                length_of_time(wrong).is_err_and(|text| text.contains("such as")),
                "{wrong}"
            );
        }
        assert!(idle_time("1m").is_err() && idle_time("2m").is_ok());
        assert!(time_of_the_log("6d").is_err() && time_of_the_log("7d").is_ok());
    }

    #[test]
    fn a_trusted_proxy_is_a_network_or_one_address() {
        assert_eq!(
            network("10.1.2.3").map(|net| net.to_string()),
            Ok("10.1.2.3/32".to_owned())
        );
        assert_eq!(
            network("fd00::/8").map(|net| net.to_string()),
            Ok("fd00::/8".to_owned())
        );
        assert!(network("10.0.0.0/99").is_err() && network("everybody").is_err());
    }
}
