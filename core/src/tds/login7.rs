//! LOGIN7 of someone who will bring an Entra token, and brings nothing else (MS-TDS 2.2.6.4).

use super::LoginOptions;

/// TDS 7.4.
const VERSION: [u8; 4] = [0x04, 0x00, 0x00, 0x74];
/// `fExtension`: there is a feature extension.
const HAS_EXTENSION: u8 = 0x10;
/// Where the texts begin: after the fixed part.
const FIXED_LENGTH: usize = 94;

/// Feature `FEDAUTH`, and the end of all features.
const FEDAUTH: u8 = 0x02;
const TERMINATOR: u8 = 0xff;
/// `bFedAuthLibrary`: the client asks Entra itself, where the server says.
const ADAL: u8 = 0x02;
/// `bFedAuthEcho`.
const ECHO: u8 = 0x01;
/// The workflow by user and password, under which drivers also sign applications in.
const ADAL_WORKFLOW: u8 = 0x01;

/// The login; `echo` repeats what the server's PRELOGIN answer said of tokens.
pub fn request(host: &str, options: &LoginOptions, echo: bool) -> Vec<u8> {
    let texts = ["", "", "", "entra-odbc", host];
    let [language, database] =
        [&options.language, &options.database].map(|value| value.as_deref().unwrap_or_default());
    let after = ["entra-odbc", language, database];
    let mut data = Vec::new();
    let mut table = Vec::new();
    let place = |text: &str, data: &mut Vec<u8>, table: &mut Vec<u8>| {
        // At most 128 characters each, as the protocol has it.
        let units: Vec<u16> = text.encode_utf16().take(128).collect();
        put(table, FIXED_LENGTH + data.len());
        put(table, units.len());
        data.extend(units.into_iter().flat_map(u16::to_le_bytes));
    };
    for text in texts {
        place(text, &mut data, &mut table);
    }
    // ibExtension: four bytes that hold the offset of the features, which stand at the very end.
    put(&mut table, FIXED_LENGTH + data.len());
    put(&mut table, 4);
    let extension = data.len();
    data.extend([0; 4]);
    for text in after {
        place(text, &mut data, &mut table);
    }
    // Nothing of: client id (six bytes), SSPI, attached database file, new password, long SSPI.
    table.extend([0; 6]);
    for _ in 0..3 {
        put(&mut table, FIXED_LENGTH + data.len());
        put(&mut table, 0);
    }
    table.extend([0; 4]);

    let features = u32::try_from(FIXED_LENGTH + data.len())
        .unwrap_or(0)
        .to_le_bytes();
    for (to, from) in data.iter_mut().skip(extension).zip(features) {
        *to = from;
    }
    let options = (ADAL << 1) | if echo { ECHO } else { 0 };
    data.push(FEDAUTH);
    data.extend(2u32.to_le_bytes());
    data.extend([options, ADAL_WORKFLOW, TERMINATOR]);

    let length = u32::try_from(FIXED_LENGTH + data.len()).unwrap_or(0);
    let mut login = length.to_le_bytes().to_vec();
    login.extend(VERSION);
    login.extend(4096u32.to_le_bytes());
    // Program version, process, connection; options 1 to 3; time zone and locale.
    login.extend([0; 12]);
    login.extend([0, 0, 0, HAS_EXTENSION]);
    login.extend([0; 8]);
    login.extend(table);
    login.extend(data);
    login
}

fn put(table: &mut Vec<u8>, number: usize) {
    table.extend(u16::try_from(number).unwrap_or(0).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_part_is_as_long_as_the_protocol_says_and_the_lengths_agree() {
        let login = request("server.example", &LoginOptions::default(), true);
        assert_eq!(
            u32::from_le_bytes(login[..4].try_into().unwrap()) as usize,
            login.len()
        );
        let first = u16::from_le_bytes(login[36..38].try_into().unwrap());
        assert_eq!(usize::from(first), FIXED_LENGTH);
        assert_eq!(login[login.len() - 3..], [0x05, 0x01, 0xff]);
    }

    #[test]
    fn what_the_string_asks_for_is_in_it() {
        let options = LoginOptions {
            database: Some("Samples".to_owned()),
            language: Some("any@AadAuthority:contoso.com".to_owned()),
        };
        let login = request("help.kusto.windows.net", &options, true);
        // Offset and length of each text stand in pairs from the 36th byte on; the language's is the eighth, as the protocol has it.
        let text = |number: usize| {
            let word = |at: usize| usize::from(u16::from_le_bytes(login[at..at + 2].try_into().unwrap()));
            let (start, length) = (word(36 + 4 * number), word(38 + 4 * number));
            let units = login[start..start + 2 * length].chunks(2);
            let units: Vec<u16> = units
                .map(|unit| u16::from_le_bytes(unit.try_into().unwrap()))
                .collect();
            String::from_utf16(&units).unwrap()
        };
        assert_eq!(text(7), "any@AadAuthority:contoso.com");
        assert_eq!(text(8), "Samples");
    }
}
