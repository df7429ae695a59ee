using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Clusters;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Routing.Reachability;
using k8s;

namespace Antrea.Migration.Lab.Scenarios;

/// <summary>One connection that the pre-test tried.</summary>
/// <param name="Source">The Pod that asked, as <c>NAMESPACE/NAME</c>.</param>
/// <param name="From">What it is.</param>
/// <param name="To">What it asked.</param>
/// <param name="Predicted">What the reachability rules say.</param>
/// <param name="Measured">What became of it, hop by hop.</param>
public sealed record PreTestAttempt(
    string Source, ReachabilityEndpoint From, ReachabilityEndpoint To, ReachabilityAnswer Predicted, ConnectionVerdict Measured)
{
    /// <summary>Whether it got through.</summary>
    public bool Reached => Measured.Outcome == ConnectionOutcome.Delivered;

    /// <summary>Whether the rules said so.</summary>
    public bool AsPredicted => Reached == (Predicted.Verdict == ReachabilityVerdict.Reachable);
}

/// <summary>What the pre-test showed.</summary>
/// <param name="Pod">The Pod that came back as an Antrea Pod, as <c>NAMESPACE/NAME</c>.</param>
/// <param name="Node">Its Node.</param>
/// <param name="Before">The address of the Calico Pod in whose place it came.</param>
/// <param name="After">Its address.</param>
/// <param name="FromCalico">Every other Pod's attempt to reach it.</param>
/// <param name="FromAntrea">Its attempt to reach every other Pod.</param>
public sealed record PreTestResult(
    string Pod, string Node, IPAddress Before, IPAddress After, ImmutableArray<PreTestAttempt> FromCalico, ImmutableArray<PreTestAttempt> FromAntrea);

/// <summary>Antrea deployed straight next to Calico and one server Pod restarted: most Calico Pods lose it, which is why a bridge is needed.</summary>
/// <remarks>Nothing of the outcome is written down anywhere: the lab's packets find their way or do not.</remarks>
public static class PreTest
{
    private const string Namespace = "default";
    private const string Servers = "nginx-ds";
    private const int Port = 80;

    /// <summary>Does it to <paramref name="lab"/>, which is a mixed cluster afterwards.</summary>
    /// <param name="lab">A fresh lab cluster with its workloads.</param>
    /// <param name="cancellationToken">Ends it where it is.</param>
    /// <exception cref="ArgumentException">The lab has no workloads.</exception>
    public static async Task<PreTestResult> RunAsync(LabCluster lab, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lab);
        using var kubeconfig = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(lab.Kubeconfig));
        using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig));
        var reader = new KubernetesClusterReader(client);
        var node = lab.NodeNames[Math.Min(2, lab.NodeNames.Count - 1)];
        var old = ServersOf(await reader.ReadAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(p => p.NodeName == node)
            ?? throw new ArgumentException("The lab has no workloads.", nameof(lab));

        lab.Apply(lab.AntreaManifest);
        await lab.SettledAsync(cancellationToken).ConfigureAwait(false);
        await lab.AllReadyAsync(cancellationToken).ConfigureAwait(false);
        await client.CoreV1.DeleteNamespacedPodAsync(old.Name, old.Namespace, cancellationToken: cancellationToken).ConfigureAwait(false);
        await lab.SettledAsync(cancellationToken).ConfigureAwait(false);
        await lab.AllReadyAsync(cancellationToken).ConfigureAwait(false);

        var snapshot = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        var predictor = new ReachabilityPredictor(ReachabilityModel.FromSnapshot(snapshot));
        var pods = ServersOf(snapshot).ToList();
        var restarted = pods.Single(p => p.NodeName == node);
        var antrea = ReachabilityEndpoint.Antrea(node, restarted.PodIPs[0]);
        var others = pods.Where(p => p != restarted).Select(p => (Pod: p, End: ReachabilityEndpoint.Calico(p.NodeName, p.PodIPs[0]))).ToList();
        return new PreTestResult(
            restarted.ToString(),
            node,
            old.PodIPs[0],
            restarted.PodIPs[0],
            [.. others.Select(o => Try(o.Pod, o.End, antrea))],
            [.. others.Select(o => Try(restarted, antrea, o.End))]);

        PreTestAttempt Try(PodInfo source, ReachabilityEndpoint from, ReachabilityEndpoint to) =>
            new(source.ToString(), from, to, predictor.Predict(from, to), lab.Network.Trace(source.ToString(), to.Address, Port));
    }

    private static IEnumerable<PodInfo> ServersOf(ClusterSnapshot snapshot) =>
        snapshot.Pods.Where(p => p.Namespace == Namespace && p.Controller is ("DaemonSet", Servers) && !p.Terminating);
}
