using Antrea.Migration.Addressing;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Sentences that several conflicts share.</summary>
internal static class OverlapTexts
{
    public static string Remedy(Cidr block) =>
        $"Move Calico to a new IPPool outside every PodCIDR, restart what has an address in {block} (the Node's tunnel too), and see that the "
        + "block and its routes are gone";

    public static string Of(string? node) => node is null ? "another Node" : $"Node {node}";
}
