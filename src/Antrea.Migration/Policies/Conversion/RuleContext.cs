using Antrea.Migration.Clusters;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>What rules are compiled against: who is in the cluster, where Pods' addresses lie, and what the two versions make of a rule.</summary>
/// <remarks>Safe for use by several threads.</remarks>
internal sealed class RuleContext(ClusterSnapshot snapshot, PolicyWorld world, CalicoPolicySet set, ReleaseVersion antreaVersion)
{
    public PolicyWorld World => world;

    public PodAddressRanges Addresses { get; } = new(snapshot);

    public AddressFamilies Families { get; } = AddressFamilies.Of(snapshot);

    public LabelledSets Sets { get; } = new(set);

    /// <summary>Whether something beside Felix may enforce rules' http part.</summary>
    public bool EnforcesHttp { get; } = new FelixSettings(snapshot).IsSetAnywhere("policySyncPathPrefix");

    public ReleaseVersion CalicoVersion => set.Version;

    public ReleaseVersion AntreaVersion => antreaVersion;

    public SelectorCompiler Selectors { get; } = new(world);
}
