using System.Collections.Immutable;

namespace Antrea.Migration.Connectivity;

/// <summary>One connection to try.</summary>
/// <param name="Source">Who opens it.</param>
/// <param name="Destination">Who takes it.</param>
/// <param name="Port">The destination's port.</param>
public sealed record MatrixPair(MatrixEndpoint Source, MatrixEndpoint Destination, int Port);

/// <summary>Which connections of all possible ones a matrix tries. Pure; the order follows that of the endpoints.</summary>
/// <remarks>An endpoint and itself are no pair, and neither are addresses of different families.</remarks>
public static class MatrixPairs
{
    /// <summary>Every endpoint that can send to every port of every other: n² of them.</summary>
    public static ImmutableArray<MatrixPair> AllToAll(ImmutableArray<MatrixEndpoint> endpoints) =>
        [.. endpoints.SelectMany(_ => endpoints, (source, destination) => (source, destination)).SelectMany(p => Between(p.source, p.destination))];

    /// <summary>From one endpoint to every other.</summary>
    /// <exception cref="ArgumentException">No endpoint has the name, or connections cannot be opened from it.</exception>
    public static ImmutableArray<MatrixPair> OneToAll(ImmutableArray<MatrixEndpoint> endpoints, string source)
    {
        var one = Find(endpoints, source);
        return one.CanSend
            ? [.. endpoints.SelectMany(destination => Between(one, destination))]
            : throw new ArgumentException($"Connections cannot be opened from {source}.", nameof(source));
    }

    /// <summary>From every endpoint to one.</summary>
    /// <exception cref="ArgumentException">No endpoint has the name, or it has no port.</exception>
    public static ImmutableArray<MatrixPair> AllToOne(ImmutableArray<MatrixEndpoint> endpoints, string destination)
    {
        var one = Find(endpoints, destination);
        return one.Ports.IsEmpty
            ? throw new ArgumentException($"{destination} declares no TCP port to connect to.", nameof(destination))
            : [.. endpoints.SelectMany(source => Between(source, one))];
    }

    /// <summary>A sample for big clusters: see <see cref="MatrixRing"/>.</summary>
    /// <param name="endpoints">Everybody.</param>
    /// <param name="neighbours">How many other Nodes each Node connects to, at least 1.</param>
    /// <param name="seed">Equal seeds and endpoints give equal samples.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="neighbours"/> is below 1.</exception>
    public static ImmutableArray<MatrixPair> Ring(ImmutableArray<MatrixEndpoint> endpoints, int neighbours, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(neighbours, 1);
        return new MatrixRing(endpoints, seed).Sample(neighbours);
    }

    /// <summary>Every port that one endpoint may connect to at another; none where there is no pair.</summary>
    internal static IEnumerable<MatrixPair> Between(MatrixEndpoint source, MatrixEndpoint destination) =>
        AreAPair(source, destination) ? destination.Ports.Select(port => new MatrixPair(source, destination, port)) : [];

    internal static bool AreAPair(MatrixEndpoint source, MatrixEndpoint destination) =>
        source.CanSend && source.Name != destination.Name && IsIPv6(source) == IsIPv6(destination);

    private static bool IsIPv6(MatrixEndpoint endpoint) => endpoint.Address.Contains(':', StringComparison.Ordinal);

    private static MatrixEndpoint Find(ImmutableArray<MatrixEndpoint> endpoints, string name) =>
        endpoints.FirstOrDefault(e => e.Name == name)
            ?? endpoints.FirstOrDefault(e => e.Workload == name)
            ?? throw new ArgumentException($"There is no Pod or workload '{name}' that runs and has an address. Write it as NAMESPACE/NAME.", nameof(name));
}
