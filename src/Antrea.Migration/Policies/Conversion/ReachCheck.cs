using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Finds host endpoints that a policy protects, and says what no policy reaches.</summary>
internal sealed class ReachCheck(CalicoPolicySet set, LabelledSets sets)
{
    private readonly HostEndpointReach _hosts = new(set);

    /// <summary>The host endpoints that one policy applies to, but for those that nothing protects.</summary>
    public IEnumerable<PolicyFinding> CheckSubject(ReadPolicy read) =>
        _hosts.ProtectedBy(read).Select(e => PolicyCode.HostEndpointInReach.At("spec.selector", $"the policy applies to {e}"));

    /// <summary>What is to say about the sets and endpoints that no policy reached.</summary>
    public IEnumerable<Finding> Rest()
    {
        foreach (var unused in set.NetworkSets.Where(s => !sets.IsReached(s)))
        {
            yield return PolicyCode.NetworkSetUnused.On(Subject(unused), "no policy selects it");
        }

        foreach (var (endpoint, isOpen) in set.HostEndpoints)
        {
            if (_hosts.IsOpen(endpoint))
            {
                if (!sets.IsReached(endpoint))
                {
                    yield return PolicyCode.HostEndpointOpen.On(Subject(endpoint), "its policies, if it has any, and its profile let everything through");
                }
            }
            else if (!isOpen)
            {
                yield return PolicyCode.HostEndpoint.On(Subject(endpoint), "it protects a Node, which ends with Calico");
            }
        }
    }

    private static string Subject(CalicoLabelledSet set) =>
        set.Namespace.Length == 0 ? $"{set.Kind}/{set.Name}" : $"{set.Kind}/{set.Namespace}/{set.Name}";
}
