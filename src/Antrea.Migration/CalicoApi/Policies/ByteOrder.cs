using System.Text;

namespace Antrea.Migration.CalicoApi.Policies;

/// <summary>Order of texts by their UTF-8 bytes, as Calico's Go code compares; .NET's ordinal order differs beyond U+FFFF.</summary>
internal sealed class ByteOrder : IComparer<string>
{
    public static readonly ByteOrder Comparer = new();

    public int Compare(string? x, string? y)
    {
        var left = x.AsSpan();
        var right = y.AsSpan();
        var same = left.CommonPrefixLength(right);

        // Only where one of the characters that decide is half of a pair do the two orders differ.
        return IsHalf(left, same - 1) || IsHalf(left, same) || IsHalf(right, same)
            ? Encoding.UTF8.GetBytes(x ?? "").AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y ?? ""))
            : left[same..].SequenceCompareTo(right[same..]);
    }

    private static bool IsHalf(ReadOnlySpan<char> text, int index) =>
        index >= 0 && index < text.Length && char.IsSurrogate(text[index]);
}
