using System.Text;
using Antrea.Migration.CalicoApi.Policies;
using CsCheck;

namespace Antrea.Migration.Tests.Policies;

/// <summary>The order of texts by their UTF-8 bytes, against the bytes themselves.</summary>
public sealed class ByteOrderTests
{
    // Halves of pairs, whole or alone, and what sorts on either side of them.
    private static readonly Gen<string> Text = Gen.Int[0, 9].Select(i => "ab\u00e9\ud7ff\ud83d\ude00\udbff\ue000\ufffd\uffff"[i])
        .Array[0, 5].Select(c => new string(c));

    [Test]
    public void Compare_IsTheOrderOfTheBytes() => Gen.Select(Text, Text).Sample(
        (x, y) => Math.Sign(ByteOrder.Comparer.Compare(x, y)) == Math.Sign(Encoding.UTF8.GetBytes(x).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y))),
        iter: 20_000);
}
