//! Names of common authenticators by their model (AAGUID): what a new passkey is called until its owner renames it.

use uuid::Uuid;

/// A passkey of an unknown model.
const UNKNOWN: &str = "Passkey";

/// Password managers and platforms first, then security keys.
const NAMES: &[(u128, &str)] = &[
    (
        0xea9b_8d66_4d01_1d21_3ce4_b6b4_8cb5_75d4,
        "Google Password Manager",
    ),
    (0xfbfc_3007_154e_4ecc_8c0b_6e02_0557_d7bd, "Apple Passwords"),
    (
        0xdd4e_c289_e01d_41c9_bb89_70fa_845d_4bf2,
        "iCloud Keychain (Managed)",
    ),
    (0xadce_0002_35bc_c60a_648b_0b25_f1f0_5503, "Chrome on Mac"),
    (0x771b_48fd_d3d4_4f74_9232_fc15_7ab0_507a, "Edge on Mac"),
    (0xb539_7666_4885_aa6b_cebf_e522_62a4_39a2, "Chromium Browser"),
    (0x0898_7058_cadc_4b81_b6e1_30de_50dc_be96, "Windows Hello"),
    (0x9ddd_1817_af5a_4672_a2b9_3e3d_d950_00a9, "Windows Hello"),
    (0x6028_b017_b1d4_4c02_b4b3_afcd_afc9_6bb2, "Windows Hello"),
    (0xb93f_d961_f2e6_462f_b122_8200_2247_de78, "Android Authenticator"),
    (0x5341_4d53_554e_4700_0000_0000_0000_0000, "Samsung Pass"),
    (0xbada_5566_a7aa_401f_bd96_4561_9a55_120d, "1Password"),
    (0xd548_826e_79b4_db40_a3d8_1111_6f7e_8349, "Bitwarden"),
    (0x5311_26d6_e717_415c_9320_3d9a_a698_1239, "Dashlane"),
    (0x5072_6f74_6f6e_5061_7373_5072_6f74_6f6e, "Proton Pass"),
    (0xb84e_4048_15dc_4dd0_8640_f4f6_0813_c8af, "NordPass"),
    (0x0ea2_42b4_43c4_4a1b_8b17_dd6d_0b6b_aec6, "Keeper"),
    (0xf380_9540_7f14_49c1_a8b3_8f81_3b22_5541, "Enpass"),
    (0xfdb1_41b2_5d84_443e_8a35_4698_c205_a502, "KeePassXC"),
    (0xee88_2879_721c_4913_9775_3dfc_ce97_072a, "YubiKey 5 Series"),
    (0xcb69_481e_8ff7_4039_93ec_0a27_29a1_54a8, "YubiKey 5 Series"),
    (
        0x2fc0_579f_8113_47ea_b116_bb5a_8db9_202a,
        "YubiKey 5 Series with NFC",
    ),
    (
        0xfa2b_99dc_9e39_4257_8f92_4a30_d23c_4118,
        "YubiKey 5 Series with NFC",
    ),
    (
        0xa253_42c0_3cdc_4414_8e46_f480_7fca_511c,
        "YubiKey 5 Series with NFC",
    ),
    (
        0xc5ef_55ff_ad9a_4b9f_b580_adeb_afe0_26d0,
        "YubiKey 5 Series with Lightning",
    ),
    (
        0xa021_67b9_ae71_4ac7_9a07_0643_2ebb_6f1c,
        "YubiKey 5 Series with Lightning",
    ),
    (0x73bb_0cd4_e502_49b8_9c6f_b594_45bf_720b, "YubiKey 5 FIPS Series"),
    (0xd852_2d9f_575b_4866_88a9_ba99_fa02_f35b, "YubiKey Bio Series"),
    (
        0xf8a0_11f3_8c0a_4d15_8006_1711_1f9e_dc7d,
        "Security Key by Yubico",
    ),
    (
        0x149a_2021_8ef6_4133_96b8_81f8_d5b7_f1f5,
        "Security Key by Yubico with NFC",
    ),
    (
        0xa4e9_fc6d_4cbe_4758_b8ba_3759_8bb5_bbaa,
        "Security Key NFC by Yubico",
    ),
    (
        0x42b4_fb4a_2866_43b2_9bf7_6c66_69c2_e5d3,
        "Google Titan Security Key v2",
    ),
    (0x2cd2_f727_f6ca_44da_8f48_5c2e_5da0_00a2, "Nitrokey 3"),
    (0x664d_9f67_84a2_412a_9ff7_b4f7_d8ee_6d05, "OpenSK"),
];

/// What a passkey of this model is called.
pub fn name(aaguid: Uuid) -> &'static str {
    NAMES
        .iter()
        .find(|(known, _)| Uuid::from_u128(*known) == aaguid)
        .map_or(UNKNOWN, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_have_names() {
        let known = Uuid::from_u128(0xbada_5566_a7aa_401f_bd96_4561_9a55_120d);
        assert_eq!(known.to_string(), "bada5566-a7aa-401f-bd96-45619a55120d");
        assert_eq!(name(known), "1Password");
        assert_eq!(name(Uuid::nil()), "Passkey");
        let mut models: Vec<u128> = NAMES.iter().map(|(model, _)| *model).collect();
        models.sort_unstable();
        models.dedup();
        assert_eq!(models.len(), NAMES.len(), "a model has one name");
    }
}
