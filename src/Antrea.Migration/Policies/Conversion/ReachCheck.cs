using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Finds host endpoints that a policy applies to, and says what no policy reaches.</summary>
internal sealed class ReachCheck(CalicoPolicySet set, LabelledSets sets)
{
    /// <summary>The host endpoints that one policy applies to.</summary>
    public IEnumerable<PolicyFinding> CheckSubject(ReadPolicy read)
    {
        if (read.Policy is { IsGlobal: true } policy)
        {
            // Beside a namespaceSelector Felix narrows all() to Pods, by its text: an all( ) with blanks may be left as it is.
            var text = read.Object.Json.TextAt("spec", "selector") ?? "";
            var hasBlanks = text.Contains("all( ", StringComparison.Ordinal) || text.Contains("all(\t", StringComparison.Ordinal);
            var subject = CalicoScope.Subject(policy);
            var unscoped = hasBlanks ? CalicoScope.Subject(policy with { NamespaceSelector = null, ServiceAccountSelector = null }) : subject;
            foreach (var (endpoint, _) in set.HostEndpoints.Where(h => subject.Matches(h.Endpoint.Labels) || unscoped.Matches(h.Endpoint.Labels)))
            {
                sets.NoteReached(endpoint);
                yield return PolicyCode.HostEndpointInReach.At("spec.selector", $"the policy applies to {endpoint}");
            }
        }
    }

    /// <summary>What is to say about the sets and endpoints that no policy reached.</summary>
    public IEnumerable<Finding> Rest()
    {
        foreach (var unused in set.NetworkSets.Where(s => !sets.IsReached(s)))
        {
            yield return PolicyCode.NetworkSetUnused.On(Subject(unused), "no policy selects it");
        }

        foreach (var (endpoint, isOpen) in set.HostEndpoints)
        {
            if (!isOpen)
            {
                yield return PolicyCode.HostEndpoint.On(Subject(endpoint), "it protects a Node, which ends with Calico");
            }
            else if (!sets.IsReached(endpoint))
            {
                yield return PolicyCode.HostEndpointOpen.On(Subject(endpoint), "no policy selects it, and its profile allows everything");
            }
        }
    }

    private static string Subject(CalicoLabelledSet set) =>
        set.Namespace.Length == 0 ? $"{set.Kind}/{set.Name}" : $"{set.Kind}/{set.Namespace}/{set.Name}";
}
