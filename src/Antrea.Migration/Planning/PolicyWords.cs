using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Planning;

/// <summary>The words of a cluster's policies: what none of them mentions tells no two Pods apart.</summary>
/// <remarks>Only ever finds too many differences: a word is one wherever it stands in a policy. Where a selector compares parts of values, all values count.</remarks>
internal sealed class PolicyWords
{
    private static readonly string[] PartialOperators = ["contains", "starts with", "ends with"];

    private readonly string _text;
    private readonly bool _comparesParts;
    private readonly Dictionary<string, bool> _known = new(StringComparer.Ordinal);

    /// <summary>Takes the words of every policy.</summary>
    public PolicyWords(ClusterSnapshot snapshot)
    {
        _text = string.Join('\n', snapshot.Objects
            .Where(o => o.Kind is "NetworkPolicy" or "GlobalNetworkPolicy" or "AdminNetworkPolicy" or "BaselineAdminNetworkPolicy")
            .Select(o => o.Json["spec"]?.ToJsonString() ?? ""));
        _comparesParts = PartialOperators.Any(o => _text.Contains(o, StringComparison.Ordinal));
    }

    /// <summary>Equal for two Pods that every policy treats alike, addresses aside.</summary>
    public string KeyOf(PolicyPod pod)
    {
        var labels = pod.Labels.Where(l => Mentions(l.Key)).Select(l => $"{l.Key}={(_comparesParts || Mentions(l.Value) ? l.Value : "")}");
        var ports = pod.NamedPorts.Where(p => Mentions(p.Name)).Select(p => $"{p.Name}:{p.Protocol}:{p.Number}").Order(StringComparer.Ordinal);
        return $"{pod.Namespace}|{string.Join(',', labels)}|{(Mentions("serviceAccount") ? pod.ServiceAccount : "")}|{string.Join(',', ports)}";
    }

    /// <summary>Whether a policy has the word somewhere.</summary>
    public bool Mentions(string word)
    {
        if (!_known.TryGetValue(word, out var known))
        {
            _known[word] = known = word.Length > 0 && _text.Contains(word, StringComparison.Ordinal);
        }

        return known;
    }
}
