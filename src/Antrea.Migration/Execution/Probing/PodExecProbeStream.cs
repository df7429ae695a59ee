using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Antrea.Migration.Clusters;
using Antrea.Migration.Connectivity;

namespace Antrea.Migration.Execution;

/// <summary>Requests that a program in a Pod sends, read from what it prints.</summary>
internal sealed class PodExecProbeStream(KubernetesApi api, TimeProvider time, string @namespace, string workload, Uri target) : IProbeStream
{
    /// <summary>Some time for the first line, which waits for the API server, the kubelet and the container runtime.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(10);

    public async IAsyncEnumerable<ProbeReport> ReadAsync(
        TimeSpan interval, TimeSpan timeout, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A bound on what waits for a reader who is slow: nothing is lost, the Pod's program waits in turn.
        var reports = Channel.CreateBounded<ProbeReport>(1000);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = ReadIntoAsync(reports.Writer, ProbeCommands.WatchTarget(target, interval, timeout), interval, stop.Token);
        try
        {
            await foreach (var report in reports.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return report;
            }

            await reading.ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReadIntoAsync(
        ChannelWriter<ProbeReport> reports, NodeCommand command, TimeSpan interval, CancellationToken cancellationToken)
    {
        // A connection that is dead without having ended (the Node is gone) would be waited for without end.
        using var silence = new CancellationTokenSource(StartPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, silence.Token);
        var pod = $"{@namespace}/{workload}";
        try
        {
            var name = await FindPodAsync(either.Token).ConfigureAwait(false);
            pod = $"{@namespace}/{name}";
            var container = await ProbePods.FirstContainerAsync(api, @namespace, name, either.Token).ConfigureAwait(false);
            var errors = "";
            var exitCode = await PodExec.RunAsync(
                api.Client,
                @namespace,
                name,
                container,
                command.ToArgv(),
                async (output, error) =>
                {
                    var complaint = error.ReadToEndAsync(either.Token);
                    while (await output.ReadLineAsync(either.Token).ConfigureAwait(false) is { } line)
                    {
                        silence.CancelAfter(interval + StartPatience);
                        if (ProbeOutput.ParseReport(line) is { } report)
                        {
                            await reports.WriteAsync(report, either.Token).ConfigureAwait(false);
                        }
                    }

                    errors = (await complaint.ConfigureAwait(false)).Trim();
                },
                either.Token).ConfigureAwait(false);
            if (exitCode != 0)
            {
                throw ProbePods.Cannot(pod, $"the program ended with exit code {exitCode}: {errors}", null);
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested
            && (PodExec.IsFailure(e) || e is OperationCanceledException or ObjectDisposedException))
        {
            throw ProbePods.Cannot(pod, silence.IsCancellationRequested ? "nothing was heard of it any more" : e.Message, e);
        }
        finally
        {
            reports.Complete();
        }
    }

    private async Task<string> FindPodAsync(CancellationToken cancellationToken)
    {
        var pods = await api.ListAsync($"api/v1/namespaces/{@namespace}/pods", cancellationToken).ConfigureAwait(false) ?? [];
        var replicaSets = await api.ListAsync($"apis/apps/v1/namespaces/{@namespace}/replicasets", cancellationToken).ConfigureAwait(false) ?? [];
        var snapshot = ClusterSnapshotBuilder.BuildLenient(pods.Concat(replicaSets).Select(o => new ClusterObject(o, "cluster")), []);
        var owners = new WorkloadOwners(snapshot);

        // One that has just come stays longest.
        return snapshot.Pods.LastOrDefault(p => p is { Ready: true, Terminating: false, HasEnded: false } && (p.Name == workload || owners.Of(p).Name == workload))?.Name
            ?? throw ProbePods.Cannot($"{@namespace}/{workload}", "no Pod of it is ready", null);
    }
}
