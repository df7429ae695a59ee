using System.Text;

namespace Antrea.Migration.CalicoApi.Policies;

/// <summary>Order of texts by their UTF-8 bytes, as Calico's Go code compares; .NET's ordinal order differs beyond U+FFFF.</summary>
internal sealed class ByteOrder : IComparer<string>
{
    public static readonly ByteOrder Comparer = new();

    public int Compare(string? x, string? y) =>
        Encoding.UTF8.GetBytes(x ?? "").AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y ?? ""));
}
