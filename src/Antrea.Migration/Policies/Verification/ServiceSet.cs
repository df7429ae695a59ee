using System.Runtime.InteropServices;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Protocols as a set of numbers.</summary>
internal readonly record struct ProtocolSet(UInt128 Low, UInt128 High)
{
    public static readonly ProtocolSet All = new(UInt128.MaxValue, UInt128.MaxValue);

    /// <summary>TCP, UDP and SCTP.</summary>
    public static readonly ProtocolSet WithPorts = Of(6) | Of(17) | Of(132);

    public static ProtocolSet Of(byte number) =>
        number < 128 ? new(UInt128.One << number, 0) : new(0, UInt128.One << (number - 128));

    public bool Contains(int number) => ((number < 128 ? Low >> number : High >> (number - 128)) & 1) == 1;

    public bool IsEmpty => Low == 0 && High == 0;

    public static ProtocolSet operator |(ProtocolSet l, ProtocolSet r) => new(l.Low | r.Low, l.High | r.High);

    public static ProtocolSet operator &(ProtocolSet l, ProtocolSet r) => new(l.Low & r.Low, l.High & r.High);

    public static ProtocolSet operator ~(ProtocolSet s) => new(~s.Low, ~s.High);
}

/// <summary>Numbers from 0 to 65535 as stretches; null stands for all of them.</summary>
/// <remarks>Destination ports or ICMP types are one such line, source ports or ICMP codes another. Ports are 1–65535.</remarks>
internal static class NumberRuns
{
    public const int End = 65536;

    /// <summary>Beginning and excluded end of each stretch of the ranges (both ends included), ascending, with gaps between.</summary>
    public static int[] Of(IEnumerable<(int First, int Last)> ranges)
    {
        var runs = new List<int>();
        foreach (var (first, last) in ranges.Where(r => r.First <= r.Last && r.Last >= 0 && r.First < End).Order())
        {
            if (runs.Count > 0 && runs[^1] >= first)
            {
                runs[^1] = Math.Max(runs[^1], Math.Min(last + 1, End));
            }
            else
            {
                runs.Add(Math.Max(first, 0));
                runs.Add(Math.Min(last + 1, End));
            }
        }

        return [.. runs];
    }

    /// <summary>All numbers but these.</summary>
    public static int[] Complement(ReadOnlySpan<int> runs)
    {
        var result = new List<int> { 0 };
        result.AddRange(runs);
        result.Add(End);
        if (result[1] == 0)
        {
            result.RemoveRange(0, 2);
        }

        if (result.Count >= 2 && result[^2] == End)
        {
            result.RemoveRange(result.Count - 2, 2);
        }

        return [.. result];
    }

    /// <summary>What both hold.</summary>
    public static int[]? Intersect(int[]? left, int[]? right)
    {
        if (left is null || right is null)
        {
            return left ?? right;
        }

        var runs = new List<int>();
        for (int i = 0, j = 0; i < left.Length && j < right.Length;)
        {
            var first = Math.Max(left[i], right[j]);
            var end = Math.Min(left[i + 1], right[j + 1]);
            if (first < end)
            {
                runs.Add(first);
                runs.Add(end);
            }

            (i, j) = left[i + 1] < right[j + 1] ? (i + 2, j) : (i, j + 2);
        }

        return [.. runs];
    }
}

/// <summary>Some protocols, with some destination ports (ICMP types) and some source ports (ICMP codes).</summary>
/// <param name="Protocols">The protocols.</param>
/// <param name="To">Destination ports or ICMP types as <see cref="NumberRuns"/>; null is any, the only choice for other protocols.</param>
/// <param name="From">Source ports or ICMP codes likewise.</param>
internal sealed record ServiceBox(ProtocolSet Protocols, int[]? To, int[]? From)
{
    public static readonly ServiceBox Any = new(ProtocolSet.All, null, null);

    public bool IsEmpty => Protocols.IsEmpty || To is { Length: 0 } || From is { Length: 0 };
}

/// <summary>What a rule asks for besides addresses: a union of boxes. Equal lists of boxes are the same object.</summary>
internal sealed class ServiceSet(int id, ServiceBox[] boxes)
{
    public int Id => id;

    public ServiceBox[] Boxes => boxes;

    public bool IsAll { get; } = boxes.Length == 1 && boxes[0] is { To: null, From: null } box && box.Protocols == ProtocolSet.All;

    /// <summary>A list of nothing but this set.</summary>
    public ServiceSet[] Alone => field ??= [this];
}

/// <summary>Makes service sets, each once. Safe for use by several threads.</summary>
internal sealed class ServiceSets
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int[], ServiceSet> _known = new(IntSequence.Comparer);

    public ServiceSets() => All = Of([ServiceBox.Any]);

    public ServiceSet All { get; }

    /// <summary>The set of some boxes, empty ones left out.</summary>
    public ServiceSet Of(IEnumerable<ServiceBox> boxes)
    {
        ServiceBox[] kept = [.. boxes.Where(b => !b.IsEmpty)];
        var key = new List<int>();
        foreach (var box in kept)
        {
            foreach (var half in (UInt128[])[box.Protocols.Low, box.Protocols.High])
            {
                for (var shift = 0; shift < 128; shift += 32)
                {
                    key.Add((int)(uint)(half >> shift));
                }
            }

            foreach (var runs in (int[]?[])[box.To, box.From])
            {
                key.Add(runs?.Length ?? -1);
                key.AddRange(runs ?? []);
            }
        }

        lock (_lock)
        {
            ref var set = ref CollectionsMarshal.GetValueRefOrAddDefault(_known, [.. key], out _);
            return set ??= new ServiceSet(_known.Count, kept);
        }
    }
}
