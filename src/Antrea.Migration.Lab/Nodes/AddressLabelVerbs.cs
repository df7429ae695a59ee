using Antrea.Migration.Addressing;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>What <c>label-addresses</c> and <c>remove-address-labels</c> do to a hollow Node.</summary>
internal static class AddressLabelVerbs
{
    /// <summary>What the arguments of <see cref="NodeCommands.LabelAddresses"/> ask for.</summary>
    public static IEnumerable<AddressLabel> Read(IEnumerable<string> arguments) => arguments.Select(a => a.Split('='))
        .Select(a => new AddressLabel(Cidr.Parse(a[1]), a[0] == "gateway" ? AddressLabels.Gateway : AddressLabels.Calico));

    public static NodeCommandResult Put(LabNode node, IReadOnlyList<string> arguments)
    {
        node.Host.Update(state => state with { AddressLabels = [.. state.AddressLabels.Union(Read(arguments))] });
        return new NodeCommandResult(0, "", "");
    }

    public static NodeCommandResult Remove(LabNode node, IReadOnlyList<string> arguments)
    {
        node.Host.Update(state => state with
        {
            AddressLabels = state.AddressLabels.RemoveAll(one => one.Label is AddressLabels.Calico or AddressLabels.Gateway),
        });
        return new NodeCommandResult(0, "", "");
    }
}
