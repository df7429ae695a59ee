using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Tests.Generators;

/// <summary>Lists of many prefixes in the shapes that decide whether an algorithm copes: even, clustered, nested, equal.</summary>
internal static class PrefixShapes
{
    /// <summary>The names <see cref="Make"/> knows.</summary>
    public static readonly string[] All = ["even", "random", "clustered", "chains", "halves", "equal"];

    /// <summary>A list of one shape; the same seed gives the same list.</summary>
    /// <param name="shape">One of <see cref="All"/>.</param>
    /// <param name="isIPv6">The family.</param>
    /// <param name="count">How many prefixes.</param>
    /// <param name="seed">For what is random in it; its order always is.</param>
    public static Cidr[] Make(string shape, bool isIPv6, int count, int seed)
    {
        var random = new Random(seed);
        var width = isIPv6 ? 128 : 32;
        Cidr[] prefixes = shape switch
        {
            // As kube-controller-manager gives out PodCIDRs.
            "even" => [.. Enumerable.Range(0, count).Select(i =>
                Cidr.Parse(isIPv6 ? "fd00:10::/32" : "10.0.0.0/8").Subnet(isIPv6 ? 64 : 26, (UInt128)i))],
            "random" => Random(() => Any(random.Next(width + 1))),

            // A few ranges far from each other, each full.
            "clustered" => Random(() =>
                Cidr.Containing(IPAddress.Parse(isIPv6 ? $"{random.Next(4):x}d00::" : $"10.{random.Next(4) * 64}.0.0"), 12)
                    .Subnet(width, (UInt128)random.Next(1 << 16) * (uint)random.Next(1, 3))),

            // Prefixes of every length around a few addresses: as deep as nesting goes.
            "chains" => Chains(),

            // Halves of the rest: the worst for an index of equal slots.
            "halves" => [.. Enumerable.Range(0, count).Select(i =>
                Cidr.Containing(Cidr.ToAddress(UInt128.One << (i % width), isIPv6), width - random.Next(Math.Min(4, (i % width) + 1))))],
            _ => [.. Enumerable.Repeat(Cidr.Parse(isIPv6 ? "fd00::/64" : "10.0.0.0/24"), count)],
        };
        random.Shuffle(prefixes);
        return prefixes;

        Cidr[] Random(Func<Cidr> next) => [.. Enumerable.Range(0, count).Select(_ => next())];

        Cidr[] Chains()
        {
            var ends = Random(() => Any(width))[..Math.Max(1, count / width)];
            return [.. Enumerable.Range(0, count)
                .Select(i => Cidr.Containing(ends[i / width % ends.Length].FirstAddress, (i % width) + 1))];
        }

        Cidr Any(int length)
        {
            var bytes = new byte[width / 8];
            random.NextBytes(bytes);
            return Cidr.Containing(new IPAddress(bytes), length);
        }
    }
}
