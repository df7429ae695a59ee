using System.Net;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>Each Pod with its labels as an engine sees them, to turn selectors into Pods and address sets once, not per flow.</summary>
internal sealed class LabelledAddresses<TLabels>(PolicyWorld world, Func<PolicyPod, TLabels> labelsOf)
{
    private readonly List<(PolicyPod Pod, TLabels Labels)> _pods = [.. world.Pods.Select(p => (p, labelsOf(p)))];

    /// <summary>The Pods that a predicate selects.</summary>
    public HashSet<(string Namespace, string Name)> Select(Func<TLabels, bool> predicate) =>
        [.. _pods.Where(p => predicate(p.Labels)).Select(p => (p.Pod.Namespace, p.Pod.Name))];

    /// <summary>Their addresses.</summary>
    public HashSet<IPAddress> SelectAddresses(Func<TLabels, bool> predicate) =>
        [.. _pods.Where(p => predicate(p.Labels)).SelectMany(p => p.Pod.Addresses)];
}
