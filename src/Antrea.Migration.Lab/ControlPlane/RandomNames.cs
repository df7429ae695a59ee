using System.Security.Cryptography;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Name suffixes in Kubernetes' alphabet: no vowels, and nothing that looks like something else.</summary>
internal static class RandomNames
{
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>Five characters, as <c>generateName</c> gets.</summary>
    public static string Suffix() => RandomNumberGenerator.GetString(Alphabet, 5);

    /// <summary>A number in the alphabet, for hashes in names and labels.</summary>
    public static string Encode(uint hash) =>
        string.Concat(hash.ToString(System.Globalization.CultureInfo.InvariantCulture).Select(digit => Alphabet[digit % Alphabet.Length]));
}
