using System.Collections.Immutable;
using System.Net;

namespace Antrea.Migration.Connectivity;

/// <summary>Tries who reaches whom, and holds it against what is expected.</summary>
/// <remarks>Safe for use by several threads; each run is independent of the others.</remarks>
public sealed class MatrixProber
{
    private readonly IMatrixTransport _transport;
    private readonly MatrixOptions _options;
    private readonly TimeProvider _time;

    /// <summary>Creates a prober.</summary>
    /// <param name="transport">Who opens the connections.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <exception cref="ArgumentException">The options cannot be used; the message names every fault.</exception>
    public MatrixProber(IMatrixTransport transport, MatrixOptions? options = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(transport);
        _options = options ?? new MatrixOptions();
        ProbeOptionRules.ThrowIfAny(_options.Validate(), nameof(options));
        (_transport, _time) = (transport, time ?? TimeProvider.System);
    }

    /// <summary>Tries the given connections.</summary>
    /// <param name="selection">In words which ones these are.</param>
    /// <param name="endpoints">Everybody.</param>
    /// <param name="pairs">What to try: see <see cref="MatrixPairs"/>.</param>
    /// <param name="expect">What should become of each; null to expect nothing.</param>
    /// <param name="progress">Told how many of them are done, from time to time; null for nobody.</param>
    /// <param name="cancellationToken">Ends the trial.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<ConnectivityMatrix> ProbeAsync(
        string selection,
        ImmutableArray<MatrixEndpoint> endpoints,
        ImmutableArray<MatrixPair> pairs,
        Func<MatrixPair, MatrixExpectation>? expect = null,
        Action<int>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(selection);
        var time = _time.GetUtcNow();
        var cells = new MatrixCell[pairs.Length];
        var done = 0;
        await Parallel.ForEachAsync(
            pairs.Select((pair, i) => (Pair: pair, Index: i)).GroupBy(p => p.Pair.Source.Name),
            new ParallelOptions { MaxDegreeOfParallelism = _options.Sources, CancellationToken = cancellationToken },
            async (group, token) =>
            {
                foreach (var some in group.Chunk(_options.ConnectionsPerSource))
                {
                    var tried = await TryAsync([.. some.Select(p => p.Pair)], expect, token).ConfigureAwait(false);
                    for (var i = 0; i < some.Length; i++)
                    {
                        cells[some[i].Index] = tried[i];
                    }

                    progress?.Invoke(Interlocked.Add(ref done, some.Length));
                }
            }).ConfigureAwait(false);
        return new ConnectivityMatrix(time, selection, endpoints, [.. cells]);
    }

    private async Task<MatrixCell[]> TryAsync(
        MatrixPair[] pairs, Func<MatrixPair, MatrixExpectation>? expect, CancellationToken cancellationToken)
    {
        MatrixCell[] cells = [.. pairs.Select(p => new MatrixCell(p, expect?.Invoke(p) ?? MatrixExpectation.None, null, ""))];
        for (var attempt = 0; attempt < _options.Attempts; attempt++)
        {
            int[] open = [.. Enumerable.Range(0, cells.Length).Where(i => attempt == 0
                || (cells[i] is { IsOpen: false, Trouble: "" } && cells[i].Expectation.Verdict != MatrixVerdict.Deny))];
            if (open.Length == 0)
            {
                break;
            }

            var outcomes = await TryOnceAsync([.. open.Select(i => pairs[i])], cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < open.Length; i++)
            {
                cells[open[i]] = cells[open[i]] with { Outcome = outcomes[i].Outcome, Trouble = outcomes[i].Trouble };
            }
        }

        return cells;
    }

    private async Task<(ProbeOutcome? Outcome, string Trouble)[]> TryOnceAsync(MatrixPair[] pairs, CancellationToken cancellationToken)
    {
        try
        {
            var outcomes = await _transport.TryAsync(
                pairs[0].Source,
                [.. pairs.Select(p => new DnsEndPoint(p.Destination.Address, p.Port))],
                _options.Timeout,
                cancellationToken).ConfigureAwait(false);
            return [.. outcomes.Select(o => ((ProbeOutcome?)o, ""))];
        }
        catch (MigrationException e)
        {
            return [.. pairs.Select(_ => ((ProbeOutcome?)null, e.Message))];
        }
    }
}
