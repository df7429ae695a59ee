using System.Collections.Immutable;
using System.CommandLine;
using Antrea.Migration.Clusters;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;

namespace Antrea.Migrator.Commands;

/// <summary>Who takes part in a matrix, and how connections are opened from them: in process in a lab, by <c>pods/exec</c> elsewhere.</summary>
internal sealed class MatrixEnds : IAsyncDisposable
{
    private readonly ProbePods? _pods;

    private MatrixEnds(ClusterSnapshot snapshot, ImmutableArray<MatrixEndpoint> endpoints, IMatrixTransport transport, ProbePods? pods) =>
        (Snapshot, Endpoints, Transport, _pods) = (snapshot, endpoints, transport, pods);

    public ClusterSnapshot Snapshot { get; }

    public ImmutableArray<MatrixEndpoint> Endpoints { get; }

    public IMatrixTransport Transport { get; }

    /// <summary>The options that say how connections are opened.</summary>
    public sealed class Options
    {
        private readonly Option<string> _image = new("--probe-image")
        {
            Description = "The image of the Pods to probe from; it needs busybox's sh, timeout, nc and httpd.",
            DefaultValueFactory = _ => ProbePods.DefaultImage,
        };

        private readonly Option<bool> _probePods = new("--probe-pods")
        {
            Description = "Lab: probe from Pods of our own by exec, as in a cluster, instead of from every Pod in process.",
        };

        private readonly Option<string[]> _exec = new("--exec")
        {
            Description = "Probe from these Pods or workloads too, by exec; their images need sh, timeout and nc.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [],
            HelpName = "NAMESPACE/NAME",
        };

        public void AddTo(Command command)
        {
            command.Add(_probePods);
            command.Add(_image);
            command.Add(_exec);
        }

        /// <summary>Installs what it takes; it goes again when the result is disposed.</summary>
        public async Task<MatrixEnds> OpenAsync(
            ParseResult parse, ClusterSource cluster, MatrixSelection selection, CancellationToken cancellationToken)
        {
            var exec = parse.GetValue(_exec) ?? [];
            if (cluster.Lab is { } lab && !parse.GetValue(_probePods) && exec.Length == 0)
            {
                var (all, everybody) = await ReadAsync(cluster, cancellationToken);
                return new MatrixEnds(
                    all,
                    selection.Filter(parse, everybody),
                    new ConnectingMatrixTransport((source, target, token) => lab.Network.ConnectAsync(source.Name, target.Host, target.Port, token)),
                    null);
            }

            var pods = await ProbePods.OnEveryNodeAsync(cluster.Client!, parse.GetRequiredValue(_image), null, cancellationToken);
            try
            {
                var (snapshot, endpoints) = await ReadAsync(cluster, cancellationToken);
                endpoints = [.. endpoints.Select(e => e with { CanSend = IsOurs(e) || exec.Contains(e.Name) || exec.Contains(e.Workload) })];
                var ours = endpoints.Where(IsOurs);
                return new MatrixEnds(snapshot, [.. selection.Filter(parse, [.. endpoints.Except(ours)]), .. ours], pods, pods);
            }
            catch
            {
                await pods.DisposeAsync();
                throw;
            }
        }

        private static bool IsOurs(MatrixEndpoint endpoint) => endpoint.Name.StartsWith($"{ProbePods.Namespace}/", StringComparison.Ordinal);

        private static async Task<(ClusterSnapshot, ImmutableArray<MatrixEndpoint>)> ReadAsync(ClusterSource cluster, CancellationToken cancellationToken)
        {
            var snapshot = await cluster.Reader.ReadAsync(cancellationToken);
            var networks = await new MigrationExecutor(cluster.Client!, new ConfigMapJournal(cluster.Client!)).ReadPodNetworksAsync(cancellationToken);
            return (snapshot, MatrixEndpoints.Of(snapshot, p => networks.GetValueOrDefault(p.ToString())));
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_pods is not null)
        {
            await _pods.DisposeAsync();
        }
    }
}
