// residual: written by qhls
/* verilator lint_off UNUSEDSIGNAL */  // rounding and overflow drop bits of wires
module residual (
  input wire clk,
  input wire signed [3:0] x_0_0_0,
  input wire signed [3:0] x_0_0_1,
  input wire signed [3:0] x_0_1_0,
  input wire signed [3:0] x_0_1_1,
  input wire signed [3:0] x_0_2_0,
  input wire signed [3:0] x_0_2_1,
  input wire signed [3:0] x_0_3_0,
  input wire signed [3:0] x_0_3_1,
  input wire signed [3:0] x_1_0_0,
  input wire signed [3:0] x_1_0_1,
  input wire signed [3:0] x_1_1_0,
  input wire signed [3:0] x_1_1_1,
  input wire signed [3:0] x_1_2_0,
  input wire signed [3:0] x_1_2_1,
  input wire signed [3:0] x_1_3_0,
  input wire signed [3:0] x_1_3_1,
  input wire signed [3:0] x_2_0_0,
  input wire signed [3:0] x_2_0_1,
  input wire signed [3:0] x_2_1_0,
  input wire signed [3:0] x_2_1_1,
  input wire signed [3:0] x_2_2_0,
  input wire signed [3:0] x_2_2_1,
  input wire signed [3:0] x_2_3_0,
  input wire signed [3:0] x_2_3_1,
  input wire signed [3:0] x_3_0_0,
  input wire signed [3:0] x_3_0_1,
  input wire signed [3:0] x_3_1_0,
  input wire signed [3:0] x_3_1_1,
  input wire signed [3:0] x_3_2_0,
  input wire signed [3:0] x_3_2_1,
  input wire signed [3:0] x_3_3_0,
  input wire signed [3:0] x_3_3_1,
  output wire [6:0] result_0,
  output wire [6:0] result_1
);
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_4 = 5'(x_0_0_0) + 5'(x_0_0_1);
  (* keep *) wire signed [4:0] first_conv_part_5 = 5'(x_0_0_0) - 5'(x_0_0_1);
  (* keep *) wire signed [7:0] first_conv_0_0_0 = {6'(first_conv_part_5), 2'd0} - 8'(first_conv_part_4);
  // x
  reg signed [3:0] x_0_0_1_d1;
  always @(posedge clk) x_0_0_1_d1 <= x_0_0_1;
  // first.conv
  reg signed [7:0] first_conv_0_0_0_d1;
  always @(posedge clk) first_conv_0_0_0_d1 <= first_conv_0_0_0;
  (* keep *) wire signed [7:0] first_conv_0_0_1 = {7'(x_0_0_1_d1), 1'd0} - first_conv_0_0_0_d1;
  // x
  reg signed [3:0] x_0_1_0_d1;
  always @(posedge clk) x_0_1_0_d1 <= x_0_1_0;
  reg signed [3:0] x_0_1_1_d1;
  always @(posedge clk) x_0_1_1_d1 <= x_0_1_1;
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_10 = 5'(x_0_1_0_d1) + 5'(x_0_1_1_d1);
  (* keep *) wire signed [4:0] first_conv_part_11 = 5'(x_0_1_0_d1) - 5'(x_0_1_1_d1);
  (* keep *) wire signed [7:0] first_conv_0_1_0 = {6'(first_conv_part_11), 2'd0} - 8'(first_conv_part_10);
  (* keep *) wire signed [7:0] first_conv_0_1_1 = {7'(x_0_1_1_d1), 1'd0} - first_conv_0_1_0;
  (* keep *) wire signed [4:0] first_conv_part_16 = 5'(x_0_2_0) + 5'(x_0_2_1);
  (* keep *) wire signed [4:0] first_conv_part_17 = 5'(x_0_2_0) - 5'(x_0_2_1);
  (* keep *) wire signed [7:0] first_conv_0_2_0 = {6'(first_conv_part_17), 2'd0} - 8'(first_conv_part_16);
  // x
  reg signed [3:0] x_0_2_1_d1;
  always @(posedge clk) x_0_2_1_d1 <= x_0_2_1;
  // first.conv
  reg signed [7:0] first_conv_0_2_0_d1;
  always @(posedge clk) first_conv_0_2_0_d1 <= first_conv_0_2_0;
  (* keep *) wire signed [7:0] first_conv_0_2_1 = {7'(x_0_2_1_d1), 1'd0} - first_conv_0_2_0_d1;
  // x
  reg signed [3:0] x_0_3_0_d1;
  always @(posedge clk) x_0_3_0_d1 <= x_0_3_0;
  reg signed [3:0] x_0_3_1_d1;
  always @(posedge clk) x_0_3_1_d1 <= x_0_3_1;
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_22 = 5'(x_0_3_0_d1) + 5'(x_0_3_1_d1);
  (* keep *) wire signed [4:0] first_conv_part_23 = 5'(x_0_3_0_d1) - 5'(x_0_3_1_d1);
  (* keep *) wire signed [7:0] first_conv_0_3_0 = {6'(first_conv_part_23), 2'd0} - 8'(first_conv_part_22);
  (* keep *) wire signed [7:0] first_conv_0_3_1 = {7'(x_0_3_1_d1), 1'd0} - first_conv_0_3_0;
  (* keep *) wire signed [4:0] first_conv_part_28 = 5'(x_1_0_0) + 5'(x_1_0_1);
  (* keep *) wire signed [4:0] first_conv_part_29 = 5'(x_1_0_0) - 5'(x_1_0_1);
  (* keep *) wire signed [7:0] first_conv_1_0_0 = {6'(first_conv_part_29), 2'd0} - 8'(first_conv_part_28);
  // x
  reg signed [3:0] x_1_0_1_d1;
  always @(posedge clk) x_1_0_1_d1 <= x_1_0_1;
  // first.conv
  reg signed [7:0] first_conv_1_0_0_d1;
  always @(posedge clk) first_conv_1_0_0_d1 <= first_conv_1_0_0;
  (* keep *) wire signed [7:0] first_conv_1_0_1 = {7'(x_1_0_1_d1), 1'd0} - first_conv_1_0_0_d1;
  (* keep *) wire signed [4:0] first_conv_part_34 = 5'(x_1_1_0) + 5'(x_1_1_1);
  (* keep *) wire signed [4:0] first_conv_part_35 = 5'(x_1_1_0) - 5'(x_1_1_1);
  (* keep *) wire signed [7:0] first_conv_1_1_0 = {6'(first_conv_part_35), 2'd0} - 8'(first_conv_part_34);
  // x
  reg signed [3:0] x_1_1_1_d1;
  always @(posedge clk) x_1_1_1_d1 <= x_1_1_1;
  // first.conv
  reg signed [7:0] first_conv_1_1_0_d1;
  always @(posedge clk) first_conv_1_1_0_d1 <= first_conv_1_1_0;
  (* keep *) wire signed [7:0] first_conv_1_1_1 = {7'(x_1_1_1_d1), 1'd0} - first_conv_1_1_0_d1;
  // x
  reg signed [3:0] x_1_2_0_d1;
  always @(posedge clk) x_1_2_0_d1 <= x_1_2_0;
  reg signed [3:0] x_1_2_1_d1;
  always @(posedge clk) x_1_2_1_d1 <= x_1_2_1;
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_40 = 5'(x_1_2_0_d1) + 5'(x_1_2_1_d1);
  (* keep *) wire signed [4:0] first_conv_part_41 = 5'(x_1_2_0_d1) - 5'(x_1_2_1_d1);
  (* keep *) wire signed [7:0] first_conv_1_2_0 = {6'(first_conv_part_41), 2'd0} - 8'(first_conv_part_40);
  (* keep *) wire signed [7:0] first_conv_1_2_1 = {7'(x_1_2_1_d1), 1'd0} - first_conv_1_2_0;
  // x
  reg signed [3:0] x_1_3_0_d1;
  always @(posedge clk) x_1_3_0_d1 <= x_1_3_0;
  reg signed [3:0] x_1_3_1_d1;
  always @(posedge clk) x_1_3_1_d1 <= x_1_3_1;
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_46 = 5'(x_1_3_0_d1) + 5'(x_1_3_1_d1);
  (* keep *) wire signed [4:0] first_conv_part_47 = 5'(x_1_3_0_d1) - 5'(x_1_3_1_d1);
  (* keep *) wire signed [7:0] first_conv_1_3_0 = {6'(first_conv_part_47), 2'd0} - 8'(first_conv_part_46);
  (* keep *) wire signed [7:0] first_conv_1_3_1 = {7'(x_1_3_1_d1), 1'd0} - first_conv_1_3_0;
  // x
  reg signed [3:0] x_2_0_0_d1;
  always @(posedge clk) x_2_0_0_d1 <= x_2_0_0;
  reg signed [3:0] x_2_0_1_d1;
  always @(posedge clk) x_2_0_1_d1 <= x_2_0_1;
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_52 = 5'(x_2_0_0_d1) + 5'(x_2_0_1_d1);
  (* keep *) wire signed [4:0] first_conv_part_53 = 5'(x_2_0_0_d1) - 5'(x_2_0_1_d1);
  (* keep *) wire signed [7:0] first_conv_2_0_0 = {6'(first_conv_part_53), 2'd0} - 8'(first_conv_part_52);
  (* keep *) wire signed [7:0] first_conv_2_0_1 = {7'(x_2_0_1_d1), 1'd0} - first_conv_2_0_0;
  // x
  reg signed [3:0] x_2_1_0_d1;
  always @(posedge clk) x_2_1_0_d1 <= x_2_1_0;
  reg signed [3:0] x_2_1_1_d1;
  always @(posedge clk) x_2_1_1_d1 <= x_2_1_1;
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_58 = 5'(x_2_1_0_d1) + 5'(x_2_1_1_d1);
  (* keep *) wire signed [4:0] first_conv_part_59 = 5'(x_2_1_0_d1) - 5'(x_2_1_1_d1);
  (* keep *) wire signed [7:0] first_conv_2_1_0 = {6'(first_conv_part_59), 2'd0} - 8'(first_conv_part_58);
  (* keep *) wire signed [7:0] first_conv_2_1_1 = {7'(x_2_1_1_d1), 1'd0} - first_conv_2_1_0;
  // x
  reg signed [3:0] x_2_2_0_d1;
  always @(posedge clk) x_2_2_0_d1 <= x_2_2_0;
  reg signed [3:0] x_2_2_1_d1;
  always @(posedge clk) x_2_2_1_d1 <= x_2_2_1;
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_64 = 5'(x_2_2_0_d1) + 5'(x_2_2_1_d1);
  (* keep *) wire signed [4:0] first_conv_part_65 = 5'(x_2_2_0_d1) - 5'(x_2_2_1_d1);
  (* keep *) wire signed [7:0] first_conv_2_2_0 = {6'(first_conv_part_65), 2'd0} - 8'(first_conv_part_64);
  (* keep *) wire signed [7:0] first_conv_2_2_1 = {7'(x_2_2_1_d1), 1'd0} - first_conv_2_2_0;
  // x
  reg signed [3:0] x_2_3_0_d1;
  always @(posedge clk) x_2_3_0_d1 <= x_2_3_0;
  reg signed [3:0] x_2_3_1_d1;
  always @(posedge clk) x_2_3_1_d1 <= x_2_3_1;
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_70 = 5'(x_2_3_0_d1) + 5'(x_2_3_1_d1);
  (* keep *) wire signed [4:0] first_conv_part_71 = 5'(x_2_3_0_d1) - 5'(x_2_3_1_d1);
  (* keep *) wire signed [7:0] first_conv_2_3_0 = {6'(first_conv_part_71), 2'd0} - 8'(first_conv_part_70);
  (* keep *) wire signed [7:0] first_conv_2_3_1 = {7'(x_2_3_1_d1), 1'd0} - first_conv_2_3_0;
  // x
  reg signed [3:0] x_3_0_0_d1;
  always @(posedge clk) x_3_0_0_d1 <= x_3_0_0;
  reg signed [3:0] x_3_0_0_d2;
  always @(posedge clk) x_3_0_0_d2 <= x_3_0_0_d1;
  reg signed [3:0] x_3_0_1_d1;
  always @(posedge clk) x_3_0_1_d1 <= x_3_0_1;
  reg signed [3:0] x_3_0_1_d2;
  always @(posedge clk) x_3_0_1_d2 <= x_3_0_1_d1;
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_76 = 5'(x_3_0_0_d2) + 5'(x_3_0_1_d2);
  (* keep *) wire signed [4:0] first_conv_part_77 = 5'(x_3_0_0_d2) - 5'(x_3_0_1_d2);
  (* keep *) wire signed [7:0] first_conv_3_0_0 = {6'(first_conv_part_77), 2'd0} - 8'(first_conv_part_76);
  (* keep *) wire signed [7:0] first_conv_3_0_1 = {7'(x_3_0_1_d2), 1'd0} - first_conv_3_0_0;
  // x
  reg signed [3:0] x_3_1_0_d1;
  always @(posedge clk) x_3_1_0_d1 <= x_3_1_0;
  reg signed [3:0] x_3_1_0_d2;
  always @(posedge clk) x_3_1_0_d2 <= x_3_1_0_d1;
  reg signed [3:0] x_3_1_1_d1;
  always @(posedge clk) x_3_1_1_d1 <= x_3_1_1;
  reg signed [3:0] x_3_1_1_d2;
  always @(posedge clk) x_3_1_1_d2 <= x_3_1_1_d1;
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_82 = 5'(x_3_1_0_d2) + 5'(x_3_1_1_d2);
  (* keep *) wire signed [4:0] first_conv_part_83 = 5'(x_3_1_0_d2) - 5'(x_3_1_1_d2);
  (* keep *) wire signed [7:0] first_conv_3_1_0 = {6'(first_conv_part_83), 2'd0} - 8'(first_conv_part_82);
  (* keep *) wire signed [7:0] first_conv_3_1_1 = {7'(x_3_1_1_d2), 1'd0} - first_conv_3_1_0;
  // x
  reg signed [3:0] x_3_2_0_d1;
  always @(posedge clk) x_3_2_0_d1 <= x_3_2_0;
  reg signed [3:0] x_3_2_0_d2;
  always @(posedge clk) x_3_2_0_d2 <= x_3_2_0_d1;
  reg signed [3:0] x_3_2_1_d1;
  always @(posedge clk) x_3_2_1_d1 <= x_3_2_1;
  reg signed [3:0] x_3_2_1_d2;
  always @(posedge clk) x_3_2_1_d2 <= x_3_2_1_d1;
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_88 = 5'(x_3_2_0_d2) + 5'(x_3_2_1_d2);
  (* keep *) wire signed [4:0] first_conv_part_89 = 5'(x_3_2_0_d2) - 5'(x_3_2_1_d2);
  (* keep *) wire signed [7:0] first_conv_3_2_0 = {6'(first_conv_part_89), 2'd0} - 8'(first_conv_part_88);
  (* keep *) wire signed [7:0] first_conv_3_2_1 = {7'(x_3_2_1_d2), 1'd0} - first_conv_3_2_0;
  // x
  reg signed [3:0] x_3_3_0_d1;
  always @(posedge clk) x_3_3_0_d1 <= x_3_3_0;
  reg signed [3:0] x_3_3_0_d2;
  always @(posedge clk) x_3_3_0_d2 <= x_3_3_0_d1;
  reg signed [3:0] x_3_3_1_d1;
  always @(posedge clk) x_3_3_1_d1 <= x_3_3_1;
  reg signed [3:0] x_3_3_1_d2;
  always @(posedge clk) x_3_3_1_d2 <= x_3_3_1_d1;
  // first.conv
  (* keep *) wire signed [4:0] first_conv_part_94 = 5'(x_3_3_0_d2) + 5'(x_3_3_1_d2);
  (* keep *) wire signed [4:0] first_conv_part_95 = 5'(x_3_3_0_d2) - 5'(x_3_3_1_d2);
  (* keep *) wire signed [7:0] first_conv_3_3_0 = {6'(first_conv_part_95), 2'd0} - 8'(first_conv_part_94);
  (* keep *) wire signed [7:0] first_conv_3_3_1 = {7'(x_3_3_1_d2), 1'd0} - first_conv_3_3_0;
  // first.add
  (* keep *) wire signed [7:0] first_add_0_0_0 = first_conv_0_0_0_d1 + 8'd208;
  (* keep *) wire signed [7:0] first_add_0_0_1 = first_conv_0_0_1 + 8'd232;
  (* keep *) wire signed [7:0] first_add_0_1_0 = first_conv_0_1_0 + 8'd208;
  (* keep *) wire signed [7:0] first_add_0_1_1 = first_conv_0_1_1 + 8'd232;
  (* keep *) wire signed [7:0] first_add_0_2_0 = first_conv_0_2_0_d1 + 8'd208;
  (* keep *) wire signed [7:0] first_add_0_2_1 = first_conv_0_2_1 + 8'd232;
  (* keep *) wire signed [7:0] first_add_0_3_0 = first_conv_0_3_0 + 8'd208;
  (* keep *) wire signed [7:0] first_add_0_3_1 = first_conv_0_3_1 + 8'd232;
  (* keep *) wire signed [7:0] first_add_1_0_0 = first_conv_1_0_0_d1 + 8'd208;
  (* keep *) wire signed [7:0] first_add_1_0_1 = first_conv_1_0_1 + 8'd232;
  (* keep *) wire signed [7:0] first_add_1_1_0 = first_conv_1_1_0_d1 + 8'd208;
  (* keep *) wire signed [7:0] first_add_1_1_1 = first_conv_1_1_1 + 8'd232;
  (* keep *) wire signed [7:0] first_add_1_2_0 = first_conv_1_2_0 + 8'd208;
  (* keep *) wire signed [7:0] first_add_1_2_1 = first_conv_1_2_1 + 8'd232;
  (* keep *) wire signed [7:0] first_add_1_3_0 = first_conv_1_3_0 + 8'd208;
  (* keep *) wire signed [7:0] first_add_1_3_1 = first_conv_1_3_1 + 8'd232;
  (* keep *) wire signed [7:0] first_add_2_0_0 = first_conv_2_0_0 + 8'd208;
  (* keep *) wire signed [7:0] first_add_2_0_1 = first_conv_2_0_1 + 8'd232;
  (* keep *) wire signed [7:0] first_add_2_1_0 = first_conv_2_1_0 + 8'd208;
  (* keep *) wire signed [7:0] first_add_2_1_1 = first_conv_2_1_1 + 8'd232;
  (* keep *) wire signed [7:0] first_add_2_2_0 = first_conv_2_2_0 + 8'd208;
  (* keep *) wire signed [7:0] first_add_2_2_1 = first_conv_2_2_1 + 8'd232;
  (* keep *) wire signed [7:0] first_add_2_3_0 = first_conv_2_3_0 + 8'd208;
  (* keep *) wire signed [7:0] first_add_2_3_1 = first_conv_2_3_1 + 8'd232;
  (* keep *) wire signed [7:0] first_add_3_0_0 = first_conv_3_0_0 + 8'd208;
  (* keep *) wire signed [7:0] first_add_3_0_1 = first_conv_3_0_1 + 8'd232;
  (* keep *) wire signed [7:0] first_add_3_1_0 = first_conv_3_1_0 + 8'd208;
  (* keep *) wire signed [7:0] first_add_3_1_1 = first_conv_3_1_1 + 8'd232;
  (* keep *) wire signed [7:0] first_add_3_2_0 = first_conv_3_2_0 + 8'd208;
  (* keep *) wire signed [7:0] first_add_3_2_1 = first_conv_3_2_1 + 8'd232;
  (* keep *) wire signed [7:0] first_add_3_3_0 = first_conv_3_3_0 + 8'd208;
  (* keep *) wire signed [7:0] first_add_3_3_1 = first_conv_3_3_1 + 8'd232;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_0 = first_add_0_0_0[7:4];
  wire signed [4:0] relu_quantize_part_1 = first_add_0_0_0[7:3];
  wire relu_quantize_part_2 = relu_quantize_part_1[0];
  wire relu_quantize_part_3 = relu_quantize_part_0[0];
  wire [2:0] relu_quantize_part_4 = first_add_0_0_0[2:0];
  wire relu_quantize_part_5 = |relu_quantize_part_4;
  wire relu_quantize_part_6 = relu_quantize_part_3 | relu_quantize_part_5;
  wire relu_quantize_part_7 = relu_quantize_part_2 & relu_quantize_part_6;
  (* keep *) wire signed [3:0] relu_quantize_part_8 = relu_quantize_part_0 + 4'(relu_quantize_part_7);
  wire signed [3:0] relu_quantize_part_9 = first_add_0_0_1[7:4];
  wire signed [4:0] relu_quantize_part_10 = first_add_0_0_1[7:3];
  wire relu_quantize_part_11 = relu_quantize_part_10[0];
  wire relu_quantize_part_12 = relu_quantize_part_9[0];
  wire [2:0] relu_quantize_part_13 = first_add_0_0_1[2:0];
  wire relu_quantize_part_14 = |relu_quantize_part_13;
  wire relu_quantize_part_15 = relu_quantize_part_12 | relu_quantize_part_14;
  wire relu_quantize_part_16 = relu_quantize_part_11 & relu_quantize_part_15;
  (* keep *) wire signed [3:0] relu_quantize_part_17 = relu_quantize_part_9 + 4'(relu_quantize_part_16);
  wire signed [3:0] relu_quantize_part_18 = first_add_0_1_0[7:4];
  wire signed [4:0] relu_quantize_part_19 = first_add_0_1_0[7:3];
  wire relu_quantize_part_20 = relu_quantize_part_19[0];
  wire relu_quantize_part_21 = relu_quantize_part_18[0];
  wire [2:0] relu_quantize_part_22 = first_add_0_1_0[2:0];
  wire relu_quantize_part_23 = |relu_quantize_part_22;
  wire relu_quantize_part_24 = relu_quantize_part_21 | relu_quantize_part_23;
  wire relu_quantize_part_25 = relu_quantize_part_20 & relu_quantize_part_24;
  reg signed [3:0] relu_quantize_part_18_d1;
  always @(posedge clk) relu_quantize_part_18_d1 <= relu_quantize_part_18;
  reg relu_quantize_part_25_d1;
  always @(posedge clk) relu_quantize_part_25_d1 <= relu_quantize_part_25;
  (* keep *) wire signed [3:0] relu_quantize_part_26 = relu_quantize_part_18_d1 + 4'(relu_quantize_part_25_d1);
  wire signed [3:0] relu_quantize_part_27 = first_add_0_1_1[7:4];
  wire signed [4:0] relu_quantize_part_28 = first_add_0_1_1[7:3];
  wire relu_quantize_part_29 = relu_quantize_part_28[0];
  wire relu_quantize_part_30 = relu_quantize_part_27[0];
  wire [2:0] relu_quantize_part_31 = first_add_0_1_1[2:0];
  wire relu_quantize_part_32 = |relu_quantize_part_31;
  wire relu_quantize_part_33 = relu_quantize_part_30 | relu_quantize_part_32;
  reg relu_quantize_part_29_d1;
  always @(posedge clk) relu_quantize_part_29_d1 <= relu_quantize_part_29;
  reg relu_quantize_part_33_d1;
  always @(posedge clk) relu_quantize_part_33_d1 <= relu_quantize_part_33;
  wire relu_quantize_part_34 = relu_quantize_part_29_d1 & relu_quantize_part_33_d1;
  reg signed [3:0] relu_quantize_part_27_d1;
  always @(posedge clk) relu_quantize_part_27_d1 <= relu_quantize_part_27;
  (* keep *) wire signed [3:0] relu_quantize_part_35 = relu_quantize_part_27_d1 + 4'(relu_quantize_part_34);
  wire signed [3:0] relu_quantize_part_36 = first_add_0_2_0[7:4];
  wire signed [4:0] relu_quantize_part_37 = first_add_0_2_0[7:3];
  wire relu_quantize_part_38 = relu_quantize_part_37[0];
  wire relu_quantize_part_39 = relu_quantize_part_36[0];
  wire [2:0] relu_quantize_part_40 = first_add_0_2_0[2:0];
  wire relu_quantize_part_41 = |relu_quantize_part_40;
  wire relu_quantize_part_42 = relu_quantize_part_39 | relu_quantize_part_41;
  wire relu_quantize_part_43 = relu_quantize_part_38 & relu_quantize_part_42;
  (* keep *) wire signed [3:0] relu_quantize_part_44 = relu_quantize_part_36 + 4'(relu_quantize_part_43);
  wire signed [3:0] relu_quantize_part_45 = first_add_0_2_1[7:4];
  wire signed [4:0] relu_quantize_part_46 = first_add_0_2_1[7:3];
  wire relu_quantize_part_47 = relu_quantize_part_46[0];
  wire relu_quantize_part_48 = relu_quantize_part_45[0];
  wire [2:0] relu_quantize_part_49 = first_add_0_2_1[2:0];
  wire relu_quantize_part_50 = |relu_quantize_part_49;
  wire relu_quantize_part_51 = relu_quantize_part_48 | relu_quantize_part_50;
  wire relu_quantize_part_52 = relu_quantize_part_47 & relu_quantize_part_51;
  (* keep *) wire signed [3:0] relu_quantize_part_53 = relu_quantize_part_45 + 4'(relu_quantize_part_52);
  wire signed [3:0] relu_quantize_part_54 = first_add_0_3_0[7:4];
  wire signed [4:0] relu_quantize_part_55 = first_add_0_3_0[7:3];
  wire relu_quantize_part_56 = relu_quantize_part_55[0];
  wire relu_quantize_part_57 = relu_quantize_part_54[0];
  wire [2:0] relu_quantize_part_58 = first_add_0_3_0[2:0];
  wire relu_quantize_part_59 = |relu_quantize_part_58;
  wire relu_quantize_part_60 = relu_quantize_part_57 | relu_quantize_part_59;
  wire relu_quantize_part_61 = relu_quantize_part_56 & relu_quantize_part_60;
  reg signed [3:0] relu_quantize_part_54_d1;
  always @(posedge clk) relu_quantize_part_54_d1 <= relu_quantize_part_54;
  reg relu_quantize_part_61_d1;
  always @(posedge clk) relu_quantize_part_61_d1 <= relu_quantize_part_61;
  (* keep *) wire signed [3:0] relu_quantize_part_62 = relu_quantize_part_54_d1 + 4'(relu_quantize_part_61_d1);
  wire signed [3:0] relu_quantize_part_63 = first_add_0_3_1[7:4];
  wire signed [4:0] relu_quantize_part_64 = first_add_0_3_1[7:3];
  wire relu_quantize_part_65 = relu_quantize_part_64[0];
  wire relu_quantize_part_66 = relu_quantize_part_63[0];
  wire [2:0] relu_quantize_part_67 = first_add_0_3_1[2:0];
  wire relu_quantize_part_68 = |relu_quantize_part_67;
  wire relu_quantize_part_69 = relu_quantize_part_66 | relu_quantize_part_68;
  reg relu_quantize_part_65_d1;
  always @(posedge clk) relu_quantize_part_65_d1 <= relu_quantize_part_65;
  reg relu_quantize_part_69_d1;
  always @(posedge clk) relu_quantize_part_69_d1 <= relu_quantize_part_69;
  wire relu_quantize_part_70 = relu_quantize_part_65_d1 & relu_quantize_part_69_d1;
  reg signed [3:0] relu_quantize_part_63_d1;
  always @(posedge clk) relu_quantize_part_63_d1 <= relu_quantize_part_63;
  (* keep *) wire signed [3:0] relu_quantize_part_71 = relu_quantize_part_63_d1 + 4'(relu_quantize_part_70);
  wire signed [3:0] relu_quantize_part_72 = first_add_1_0_0[7:4];
  wire signed [4:0] relu_quantize_part_73 = first_add_1_0_0[7:3];
  wire relu_quantize_part_74 = relu_quantize_part_73[0];
  wire relu_quantize_part_75 = relu_quantize_part_72[0];
  wire [2:0] relu_quantize_part_76 = first_add_1_0_0[2:0];
  wire relu_quantize_part_77 = |relu_quantize_part_76;
  wire relu_quantize_part_78 = relu_quantize_part_75 | relu_quantize_part_77;
  wire relu_quantize_part_79 = relu_quantize_part_74 & relu_quantize_part_78;
  (* keep *) wire signed [3:0] relu_quantize_part_80 = relu_quantize_part_72 + 4'(relu_quantize_part_79);
  wire signed [3:0] relu_quantize_part_81 = first_add_1_0_1[7:4];
  wire signed [4:0] relu_quantize_part_82 = first_add_1_0_1[7:3];
  wire relu_quantize_part_83 = relu_quantize_part_82[0];
  wire relu_quantize_part_84 = relu_quantize_part_81[0];
  wire [2:0] relu_quantize_part_85 = first_add_1_0_1[2:0];
  wire relu_quantize_part_86 = |relu_quantize_part_85;
  wire relu_quantize_part_87 = relu_quantize_part_84 | relu_quantize_part_86;
  wire relu_quantize_part_88 = relu_quantize_part_83 & relu_quantize_part_87;
  (* keep *) wire signed [3:0] relu_quantize_part_89 = relu_quantize_part_81 + 4'(relu_quantize_part_88);
  wire signed [3:0] relu_quantize_part_90 = first_add_1_1_0[7:4];
  wire signed [4:0] relu_quantize_part_91 = first_add_1_1_0[7:3];
  wire relu_quantize_part_92 = relu_quantize_part_91[0];
  wire relu_quantize_part_93 = relu_quantize_part_90[0];
  wire [2:0] relu_quantize_part_94 = first_add_1_1_0[2:0];
  wire relu_quantize_part_95 = |relu_quantize_part_94;
  wire relu_quantize_part_96 = relu_quantize_part_93 | relu_quantize_part_95;
  wire relu_quantize_part_97 = relu_quantize_part_92 & relu_quantize_part_96;
  (* keep *) wire signed [3:0] relu_quantize_part_98 = relu_quantize_part_90 + 4'(relu_quantize_part_97);
  wire signed [3:0] relu_quantize_part_99 = first_add_1_1_1[7:4];
  wire signed [4:0] relu_quantize_part_100 = first_add_1_1_1[7:3];
  wire relu_quantize_part_101 = relu_quantize_part_100[0];
  wire relu_quantize_part_102 = relu_quantize_part_99[0];
  wire [2:0] relu_quantize_part_103 = first_add_1_1_1[2:0];
  wire relu_quantize_part_104 = |relu_quantize_part_103;
  wire relu_quantize_part_105 = relu_quantize_part_102 | relu_quantize_part_104;
  wire relu_quantize_part_106 = relu_quantize_part_101 & relu_quantize_part_105;
  (* keep *) wire signed [3:0] relu_quantize_part_107 = relu_quantize_part_99 + 4'(relu_quantize_part_106);
  wire signed [3:0] relu_quantize_part_108 = first_add_1_2_0[7:4];
  wire signed [4:0] relu_quantize_part_109 = first_add_1_2_0[7:3];
  wire relu_quantize_part_110 = relu_quantize_part_109[0];
  wire relu_quantize_part_111 = relu_quantize_part_108[0];
  wire [2:0] relu_quantize_part_112 = first_add_1_2_0[2:0];
  wire relu_quantize_part_113 = |relu_quantize_part_112;
  wire relu_quantize_part_114 = relu_quantize_part_111 | relu_quantize_part_113;
  wire relu_quantize_part_115 = relu_quantize_part_110 & relu_quantize_part_114;
  reg signed [3:0] relu_quantize_part_108_d1;
  always @(posedge clk) relu_quantize_part_108_d1 <= relu_quantize_part_108;
  reg relu_quantize_part_115_d1;
  always @(posedge clk) relu_quantize_part_115_d1 <= relu_quantize_part_115;
  (* keep *) wire signed [3:0] relu_quantize_part_116 = relu_quantize_part_108_d1 + 4'(relu_quantize_part_115_d1);
  wire signed [3:0] relu_quantize_part_117 = first_add_1_2_1[7:4];
  wire signed [4:0] relu_quantize_part_118 = first_add_1_2_1[7:3];
  wire relu_quantize_part_119 = relu_quantize_part_118[0];
  wire relu_quantize_part_120 = relu_quantize_part_117[0];
  wire [2:0] relu_quantize_part_121 = first_add_1_2_1[2:0];
  wire relu_quantize_part_122 = |relu_quantize_part_121;
  wire relu_quantize_part_123 = relu_quantize_part_120 | relu_quantize_part_122;
  reg relu_quantize_part_119_d1;
  always @(posedge clk) relu_quantize_part_119_d1 <= relu_quantize_part_119;
  reg relu_quantize_part_123_d1;
  always @(posedge clk) relu_quantize_part_123_d1 <= relu_quantize_part_123;
  wire relu_quantize_part_124 = relu_quantize_part_119_d1 & relu_quantize_part_123_d1;
  reg signed [3:0] relu_quantize_part_117_d1;
  always @(posedge clk) relu_quantize_part_117_d1 <= relu_quantize_part_117;
  (* keep *) wire signed [3:0] relu_quantize_part_125 = relu_quantize_part_117_d1 + 4'(relu_quantize_part_124);
  wire signed [3:0] relu_quantize_part_126 = first_add_1_3_0[7:4];
  wire signed [4:0] relu_quantize_part_127 = first_add_1_3_0[7:3];
  wire relu_quantize_part_128 = relu_quantize_part_127[0];
  wire relu_quantize_part_129 = relu_quantize_part_126[0];
  wire [2:0] relu_quantize_part_130 = first_add_1_3_0[2:0];
  wire relu_quantize_part_131 = |relu_quantize_part_130;
  wire relu_quantize_part_132 = relu_quantize_part_129 | relu_quantize_part_131;
  wire relu_quantize_part_133 = relu_quantize_part_128 & relu_quantize_part_132;
  reg signed [3:0] relu_quantize_part_126_d1;
  always @(posedge clk) relu_quantize_part_126_d1 <= relu_quantize_part_126;
  reg relu_quantize_part_133_d1;
  always @(posedge clk) relu_quantize_part_133_d1 <= relu_quantize_part_133;
  (* keep *) wire signed [3:0] relu_quantize_part_134 = relu_quantize_part_126_d1 + 4'(relu_quantize_part_133_d1);
  // first.add
  reg signed [7:0] first_add_1_3_1_d1;
  always @(posedge clk) first_add_1_3_1_d1 <= first_add_1_3_1;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_135 = first_add_1_3_1_d1[7:4];
  wire signed [4:0] relu_quantize_part_136 = first_add_1_3_1_d1[7:3];
  wire relu_quantize_part_137 = relu_quantize_part_136[0];
  wire relu_quantize_part_138 = relu_quantize_part_135[0];
  wire [2:0] relu_quantize_part_139 = first_add_1_3_1_d1[2:0];
  wire relu_quantize_part_140 = |relu_quantize_part_139;
  wire relu_quantize_part_141 = relu_quantize_part_138 | relu_quantize_part_140;
  wire relu_quantize_part_142 = relu_quantize_part_137 & relu_quantize_part_141;
  (* keep *) wire signed [3:0] relu_quantize_part_143 = relu_quantize_part_135 + 4'(relu_quantize_part_142);
  wire signed [3:0] relu_quantize_part_144 = first_add_2_0_0[7:4];
  wire signed [4:0] relu_quantize_part_145 = first_add_2_0_0[7:3];
  wire relu_quantize_part_146 = relu_quantize_part_145[0];
  wire relu_quantize_part_147 = relu_quantize_part_144[0];
  wire [2:0] relu_quantize_part_148 = first_add_2_0_0[2:0];
  wire relu_quantize_part_149 = |relu_quantize_part_148;
  wire relu_quantize_part_150 = relu_quantize_part_147 | relu_quantize_part_149;
  wire relu_quantize_part_151 = relu_quantize_part_146 & relu_quantize_part_150;
  reg signed [3:0] relu_quantize_part_144_d1;
  always @(posedge clk) relu_quantize_part_144_d1 <= relu_quantize_part_144;
  reg relu_quantize_part_151_d1;
  always @(posedge clk) relu_quantize_part_151_d1 <= relu_quantize_part_151;
  (* keep *) wire signed [3:0] relu_quantize_part_152 = relu_quantize_part_144_d1 + 4'(relu_quantize_part_151_d1);
  // first.add
  reg signed [7:0] first_add_2_0_1_d1;
  always @(posedge clk) first_add_2_0_1_d1 <= first_add_2_0_1;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_153 = first_add_2_0_1_d1[7:4];
  wire signed [4:0] relu_quantize_part_154 = first_add_2_0_1_d1[7:3];
  wire relu_quantize_part_155 = relu_quantize_part_154[0];
  wire relu_quantize_part_156 = relu_quantize_part_153[0];
  wire [2:0] relu_quantize_part_157 = first_add_2_0_1_d1[2:0];
  wire relu_quantize_part_158 = |relu_quantize_part_157;
  wire relu_quantize_part_159 = relu_quantize_part_156 | relu_quantize_part_158;
  wire relu_quantize_part_160 = relu_quantize_part_155 & relu_quantize_part_159;
  (* keep *) wire signed [3:0] relu_quantize_part_161 = relu_quantize_part_153 + 4'(relu_quantize_part_160);
  wire signed [3:0] relu_quantize_part_162 = first_add_2_1_0[7:4];
  wire signed [4:0] relu_quantize_part_163 = first_add_2_1_0[7:3];
  wire relu_quantize_part_164 = relu_quantize_part_163[0];
  wire relu_quantize_part_165 = relu_quantize_part_162[0];
  wire [2:0] relu_quantize_part_166 = first_add_2_1_0[2:0];
  wire relu_quantize_part_167 = |relu_quantize_part_166;
  wire relu_quantize_part_168 = relu_quantize_part_165 | relu_quantize_part_167;
  wire relu_quantize_part_169 = relu_quantize_part_164 & relu_quantize_part_168;
  reg signed [3:0] relu_quantize_part_162_d1;
  always @(posedge clk) relu_quantize_part_162_d1 <= relu_quantize_part_162;
  reg relu_quantize_part_169_d1;
  always @(posedge clk) relu_quantize_part_169_d1 <= relu_quantize_part_169;
  (* keep *) wire signed [3:0] relu_quantize_part_170 = relu_quantize_part_162_d1 + 4'(relu_quantize_part_169_d1);
  // first.add
  reg signed [7:0] first_add_2_1_1_d1;
  always @(posedge clk) first_add_2_1_1_d1 <= first_add_2_1_1;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_171 = first_add_2_1_1_d1[7:4];
  wire signed [4:0] relu_quantize_part_172 = first_add_2_1_1_d1[7:3];
  wire relu_quantize_part_173 = relu_quantize_part_172[0];
  wire relu_quantize_part_174 = relu_quantize_part_171[0];
  wire [2:0] relu_quantize_part_175 = first_add_2_1_1_d1[2:0];
  wire relu_quantize_part_176 = |relu_quantize_part_175;
  wire relu_quantize_part_177 = relu_quantize_part_174 | relu_quantize_part_176;
  wire relu_quantize_part_178 = relu_quantize_part_173 & relu_quantize_part_177;
  (* keep *) wire signed [3:0] relu_quantize_part_179 = relu_quantize_part_171 + 4'(relu_quantize_part_178);
  wire signed [3:0] relu_quantize_part_180 = first_add_2_2_0[7:4];
  wire signed [4:0] relu_quantize_part_181 = first_add_2_2_0[7:3];
  wire relu_quantize_part_182 = relu_quantize_part_181[0];
  wire relu_quantize_part_183 = relu_quantize_part_180[0];
  wire [2:0] relu_quantize_part_184 = first_add_2_2_0[2:0];
  wire relu_quantize_part_185 = |relu_quantize_part_184;
  wire relu_quantize_part_186 = relu_quantize_part_183 | relu_quantize_part_185;
  wire relu_quantize_part_187 = relu_quantize_part_182 & relu_quantize_part_186;
  reg signed [3:0] relu_quantize_part_180_d1;
  always @(posedge clk) relu_quantize_part_180_d1 <= relu_quantize_part_180;
  reg relu_quantize_part_187_d1;
  always @(posedge clk) relu_quantize_part_187_d1 <= relu_quantize_part_187;
  (* keep *) wire signed [3:0] relu_quantize_part_188 = relu_quantize_part_180_d1 + 4'(relu_quantize_part_187_d1);
  // first.add
  reg signed [7:0] first_add_2_2_1_d1;
  always @(posedge clk) first_add_2_2_1_d1 <= first_add_2_2_1;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_189 = first_add_2_2_1_d1[7:4];
  wire signed [4:0] relu_quantize_part_190 = first_add_2_2_1_d1[7:3];
  wire relu_quantize_part_191 = relu_quantize_part_190[0];
  wire relu_quantize_part_192 = relu_quantize_part_189[0];
  wire [2:0] relu_quantize_part_193 = first_add_2_2_1_d1[2:0];
  wire relu_quantize_part_194 = |relu_quantize_part_193;
  wire relu_quantize_part_195 = relu_quantize_part_192 | relu_quantize_part_194;
  wire relu_quantize_part_196 = relu_quantize_part_191 & relu_quantize_part_195;
  (* keep *) wire signed [3:0] relu_quantize_part_197 = relu_quantize_part_189 + 4'(relu_quantize_part_196);
  wire signed [3:0] relu_quantize_part_198 = first_add_2_3_0[7:4];
  wire signed [4:0] relu_quantize_part_199 = first_add_2_3_0[7:3];
  wire relu_quantize_part_200 = relu_quantize_part_199[0];
  wire relu_quantize_part_201 = relu_quantize_part_198[0];
  wire [2:0] relu_quantize_part_202 = first_add_2_3_0[2:0];
  wire relu_quantize_part_203 = |relu_quantize_part_202;
  wire relu_quantize_part_204 = relu_quantize_part_201 | relu_quantize_part_203;
  wire relu_quantize_part_205 = relu_quantize_part_200 & relu_quantize_part_204;
  reg signed [3:0] relu_quantize_part_198_d1;
  always @(posedge clk) relu_quantize_part_198_d1 <= relu_quantize_part_198;
  reg relu_quantize_part_205_d1;
  always @(posedge clk) relu_quantize_part_205_d1 <= relu_quantize_part_205;
  (* keep *) wire signed [3:0] relu_quantize_part_206 = relu_quantize_part_198_d1 + 4'(relu_quantize_part_205_d1);
  // first.add
  reg signed [7:0] first_add_2_3_1_d1;
  always @(posedge clk) first_add_2_3_1_d1 <= first_add_2_3_1;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_207 = first_add_2_3_1_d1[7:4];
  wire signed [4:0] relu_quantize_part_208 = first_add_2_3_1_d1[7:3];
  wire relu_quantize_part_209 = relu_quantize_part_208[0];
  wire relu_quantize_part_210 = relu_quantize_part_207[0];
  wire [2:0] relu_quantize_part_211 = first_add_2_3_1_d1[2:0];
  wire relu_quantize_part_212 = |relu_quantize_part_211;
  wire relu_quantize_part_213 = relu_quantize_part_210 | relu_quantize_part_212;
  wire relu_quantize_part_214 = relu_quantize_part_209 & relu_quantize_part_213;
  (* keep *) wire signed [3:0] relu_quantize_part_215 = relu_quantize_part_207 + 4'(relu_quantize_part_214);
  wire signed [3:0] relu_quantize_part_216 = first_add_3_0_0[7:4];
  wire signed [4:0] relu_quantize_part_217 = first_add_3_0_0[7:3];
  wire relu_quantize_part_218 = relu_quantize_part_217[0];
  wire relu_quantize_part_219 = relu_quantize_part_216[0];
  wire [2:0] relu_quantize_part_220 = first_add_3_0_0[2:0];
  wire relu_quantize_part_221 = |relu_quantize_part_220;
  wire relu_quantize_part_222 = relu_quantize_part_219 | relu_quantize_part_221;
  wire relu_quantize_part_223 = relu_quantize_part_218 & relu_quantize_part_222;
  reg signed [3:0] relu_quantize_part_216_d1;
  always @(posedge clk) relu_quantize_part_216_d1 <= relu_quantize_part_216;
  reg relu_quantize_part_223_d1;
  always @(posedge clk) relu_quantize_part_223_d1 <= relu_quantize_part_223;
  (* keep *) wire signed [3:0] relu_quantize_part_224 = relu_quantize_part_216_d1 + 4'(relu_quantize_part_223_d1);
  // first.add
  reg signed [7:0] first_add_3_0_1_d1;
  always @(posedge clk) first_add_3_0_1_d1 <= first_add_3_0_1;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_225 = first_add_3_0_1_d1[7:4];
  wire signed [4:0] relu_quantize_part_226 = first_add_3_0_1_d1[7:3];
  wire relu_quantize_part_227 = relu_quantize_part_226[0];
  wire relu_quantize_part_228 = relu_quantize_part_225[0];
  wire [2:0] relu_quantize_part_229 = first_add_3_0_1_d1[2:0];
  wire relu_quantize_part_230 = |relu_quantize_part_229;
  wire relu_quantize_part_231 = relu_quantize_part_228 | relu_quantize_part_230;
  wire relu_quantize_part_232 = relu_quantize_part_227 & relu_quantize_part_231;
  (* keep *) wire signed [3:0] relu_quantize_part_233 = relu_quantize_part_225 + 4'(relu_quantize_part_232);
  wire signed [3:0] relu_quantize_part_234 = first_add_3_1_0[7:4];
  wire signed [4:0] relu_quantize_part_235 = first_add_3_1_0[7:3];
  wire relu_quantize_part_236 = relu_quantize_part_235[0];
  wire relu_quantize_part_237 = relu_quantize_part_234[0];
  wire [2:0] relu_quantize_part_238 = first_add_3_1_0[2:0];
  wire relu_quantize_part_239 = |relu_quantize_part_238;
  wire relu_quantize_part_240 = relu_quantize_part_237 | relu_quantize_part_239;
  wire relu_quantize_part_241 = relu_quantize_part_236 & relu_quantize_part_240;
  reg signed [3:0] relu_quantize_part_234_d1;
  always @(posedge clk) relu_quantize_part_234_d1 <= relu_quantize_part_234;
  reg relu_quantize_part_241_d1;
  always @(posedge clk) relu_quantize_part_241_d1 <= relu_quantize_part_241;
  (* keep *) wire signed [3:0] relu_quantize_part_242 = relu_quantize_part_234_d1 + 4'(relu_quantize_part_241_d1);
  // first.add
  reg signed [7:0] first_add_3_1_1_d1;
  always @(posedge clk) first_add_3_1_1_d1 <= first_add_3_1_1;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_243 = first_add_3_1_1_d1[7:4];
  wire signed [4:0] relu_quantize_part_244 = first_add_3_1_1_d1[7:3];
  wire relu_quantize_part_245 = relu_quantize_part_244[0];
  wire relu_quantize_part_246 = relu_quantize_part_243[0];
  wire [2:0] relu_quantize_part_247 = first_add_3_1_1_d1[2:0];
  wire relu_quantize_part_248 = |relu_quantize_part_247;
  wire relu_quantize_part_249 = relu_quantize_part_246 | relu_quantize_part_248;
  wire relu_quantize_part_250 = relu_quantize_part_245 & relu_quantize_part_249;
  (* keep *) wire signed [3:0] relu_quantize_part_251 = relu_quantize_part_243 + 4'(relu_quantize_part_250);
  wire signed [3:0] relu_quantize_part_252 = first_add_3_2_0[7:4];
  wire signed [4:0] relu_quantize_part_253 = first_add_3_2_0[7:3];
  wire relu_quantize_part_254 = relu_quantize_part_253[0];
  wire relu_quantize_part_255 = relu_quantize_part_252[0];
  wire [2:0] relu_quantize_part_256 = first_add_3_2_0[2:0];
  wire relu_quantize_part_257 = |relu_quantize_part_256;
  wire relu_quantize_part_258 = relu_quantize_part_255 | relu_quantize_part_257;
  wire relu_quantize_part_259 = relu_quantize_part_254 & relu_quantize_part_258;
  reg signed [3:0] relu_quantize_part_252_d1;
  always @(posedge clk) relu_quantize_part_252_d1 <= relu_quantize_part_252;
  reg relu_quantize_part_259_d1;
  always @(posedge clk) relu_quantize_part_259_d1 <= relu_quantize_part_259;
  (* keep *) wire signed [3:0] relu_quantize_part_260 = relu_quantize_part_252_d1 + 4'(relu_quantize_part_259_d1);
  // first.add
  reg signed [7:0] first_add_3_2_1_d1;
  always @(posedge clk) first_add_3_2_1_d1 <= first_add_3_2_1;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_261 = first_add_3_2_1_d1[7:4];
  wire signed [4:0] relu_quantize_part_262 = first_add_3_2_1_d1[7:3];
  wire relu_quantize_part_263 = relu_quantize_part_262[0];
  wire relu_quantize_part_264 = relu_quantize_part_261[0];
  wire [2:0] relu_quantize_part_265 = first_add_3_2_1_d1[2:0];
  wire relu_quantize_part_266 = |relu_quantize_part_265;
  wire relu_quantize_part_267 = relu_quantize_part_264 | relu_quantize_part_266;
  wire relu_quantize_part_268 = relu_quantize_part_263 & relu_quantize_part_267;
  (* keep *) wire signed [3:0] relu_quantize_part_269 = relu_quantize_part_261 + 4'(relu_quantize_part_268);
  wire signed [3:0] relu_quantize_part_270 = first_add_3_3_0[7:4];
  wire signed [4:0] relu_quantize_part_271 = first_add_3_3_0[7:3];
  wire relu_quantize_part_272 = relu_quantize_part_271[0];
  wire relu_quantize_part_273 = relu_quantize_part_270[0];
  wire [2:0] relu_quantize_part_274 = first_add_3_3_0[2:0];
  wire relu_quantize_part_275 = |relu_quantize_part_274;
  wire relu_quantize_part_276 = relu_quantize_part_273 | relu_quantize_part_275;
  wire relu_quantize_part_277 = relu_quantize_part_272 & relu_quantize_part_276;
  reg signed [3:0] relu_quantize_part_270_d1;
  always @(posedge clk) relu_quantize_part_270_d1 <= relu_quantize_part_270;
  reg relu_quantize_part_277_d1;
  always @(posedge clk) relu_quantize_part_277_d1 <= relu_quantize_part_277;
  (* keep *) wire signed [3:0] relu_quantize_part_278 = relu_quantize_part_270_d1 + 4'(relu_quantize_part_277_d1);
  // first.add
  reg signed [7:0] first_add_3_3_1_d1;
  always @(posedge clk) first_add_3_3_1_d1 <= first_add_3_3_1;
  // relu.quantize
  wire signed [3:0] relu_quantize_part_279 = first_add_3_3_1_d1[7:4];
  wire signed [4:0] relu_quantize_part_280 = first_add_3_3_1_d1[7:3];
  wire relu_quantize_part_281 = relu_quantize_part_280[0];
  wire relu_quantize_part_282 = relu_quantize_part_279[0];
  wire [2:0] relu_quantize_part_283 = first_add_3_3_1_d1[2:0];
  wire relu_quantize_part_284 = |relu_quantize_part_283;
  wire relu_quantize_part_285 = relu_quantize_part_282 | relu_quantize_part_284;
  wire relu_quantize_part_286 = relu_quantize_part_281 & relu_quantize_part_285;
  (* keep *) wire signed [3:0] relu_quantize_part_287 = relu_quantize_part_279 + 4'(relu_quantize_part_286);
  reg signed [3:0] relu_quantize_part_8_d1;
  always @(posedge clk) relu_quantize_part_8_d1 <= relu_quantize_part_8;
  wire relu_quantize_part_290 = $signed(relu_quantize_part_8_d1) < $signed(4'd0);
  wire [1:0] relu_quantize_0_0_0 = relu_quantize_part_290 ? 2'd0 : relu_quantize_part_8_d1[1:0];
  reg signed [3:0] relu_quantize_part_17_d1;
  always @(posedge clk) relu_quantize_part_17_d1 <= relu_quantize_part_17;
  wire relu_quantize_part_292 = $signed(relu_quantize_part_17_d1) < $signed(4'd0);
  wire [2:0] relu_quantize_0_0_1 = relu_quantize_part_292 ? 3'd0 : relu_quantize_part_17_d1[2:0];
  wire relu_quantize_part_294 = $signed(relu_quantize_part_26) < $signed(4'd0);
  wire [1:0] relu_quantize_0_1_0 = relu_quantize_part_294 ? 2'd0 : relu_quantize_part_26[1:0];
  wire relu_quantize_part_296 = $signed(relu_quantize_part_35) < $signed(4'd0);
  wire [2:0] relu_quantize_0_1_1 = relu_quantize_part_296 ? 3'd0 : relu_quantize_part_35[2:0];
  reg signed [3:0] relu_quantize_part_44_d1;
  always @(posedge clk) relu_quantize_part_44_d1 <= relu_quantize_part_44;
  wire relu_quantize_part_298 = $signed(relu_quantize_part_44_d1) < $signed(4'd0);
  wire [1:0] relu_quantize_0_2_0 = relu_quantize_part_298 ? 2'd0 : relu_quantize_part_44_d1[1:0];
  reg signed [3:0] relu_quantize_part_53_d1;
  always @(posedge clk) relu_quantize_part_53_d1 <= relu_quantize_part_53;
  wire relu_quantize_part_300 = $signed(relu_quantize_part_53_d1) < $signed(4'd0);
  wire [2:0] relu_quantize_0_2_1 = relu_quantize_part_300 ? 3'd0 : relu_quantize_part_53_d1[2:0];
  wire relu_quantize_part_302 = $signed(relu_quantize_part_62) < $signed(4'd0);
  wire [1:0] relu_quantize_0_3_0 = relu_quantize_part_302 ? 2'd0 : relu_quantize_part_62[1:0];
  wire relu_quantize_part_304 = $signed(relu_quantize_part_71) < $signed(4'd0);
  wire [2:0] relu_quantize_0_3_1 = relu_quantize_part_304 ? 3'd0 : relu_quantize_part_71[2:0];
  reg signed [3:0] relu_quantize_part_80_d1;
  always @(posedge clk) relu_quantize_part_80_d1 <= relu_quantize_part_80;
  wire relu_quantize_part_306 = $signed(relu_quantize_part_80_d1) < $signed(4'd0);
  wire [1:0] relu_quantize_1_0_0 = relu_quantize_part_306 ? 2'd0 : relu_quantize_part_80_d1[1:0];
  reg signed [3:0] relu_quantize_part_89_d1;
  always @(posedge clk) relu_quantize_part_89_d1 <= relu_quantize_part_89;
  wire relu_quantize_part_308 = $signed(relu_quantize_part_89_d1) < $signed(4'd0);
  wire [2:0] relu_quantize_1_0_1 = relu_quantize_part_308 ? 3'd0 : relu_quantize_part_89_d1[2:0];
  reg signed [3:0] relu_quantize_part_98_d1;
  always @(posedge clk) relu_quantize_part_98_d1 <= relu_quantize_part_98;
  wire relu_quantize_part_310 = $signed(relu_quantize_part_98_d1) < $signed(4'd0);
  wire [1:0] relu_quantize_1_1_0 = relu_quantize_part_310 ? 2'd0 : relu_quantize_part_98_d1[1:0];
  reg signed [3:0] relu_quantize_part_107_d1;
  always @(posedge clk) relu_quantize_part_107_d1 <= relu_quantize_part_107;
  wire relu_quantize_part_312 = $signed(relu_quantize_part_107_d1) < $signed(4'd0);
  wire [2:0] relu_quantize_1_1_1 = relu_quantize_part_312 ? 3'd0 : relu_quantize_part_107_d1[2:0];
  wire relu_quantize_part_314 = $signed(relu_quantize_part_116) < $signed(4'd0);
  wire [1:0] relu_quantize_1_2_0 = relu_quantize_part_314 ? 2'd0 : relu_quantize_part_116[1:0];
  wire relu_quantize_part_316 = $signed(relu_quantize_part_125) < $signed(4'd0);
  wire [2:0] relu_quantize_1_2_1 = relu_quantize_part_316 ? 3'd0 : relu_quantize_part_125[2:0];
  wire relu_quantize_part_318 = $signed(relu_quantize_part_134) < $signed(4'd0);
  wire [1:0] relu_quantize_1_3_0 = relu_quantize_part_318 ? 2'd0 : relu_quantize_part_134[1:0];
  wire relu_quantize_part_320 = $signed(relu_quantize_part_143) < $signed(4'd0);
  wire [2:0] relu_quantize_1_3_1 = relu_quantize_part_320 ? 3'd0 : relu_quantize_part_143[2:0];
  wire relu_quantize_part_322 = $signed(relu_quantize_part_152) < $signed(4'd0);
  wire [1:0] relu_quantize_2_0_0 = relu_quantize_part_322 ? 2'd0 : relu_quantize_part_152[1:0];
  wire relu_quantize_part_324 = $signed(relu_quantize_part_161) < $signed(4'd0);
  wire [2:0] relu_quantize_2_0_1 = relu_quantize_part_324 ? 3'd0 : relu_quantize_part_161[2:0];
  wire relu_quantize_part_326 = $signed(relu_quantize_part_170) < $signed(4'd0);
  wire [1:0] relu_quantize_2_1_0 = relu_quantize_part_326 ? 2'd0 : relu_quantize_part_170[1:0];
  wire relu_quantize_part_328 = $signed(relu_quantize_part_179) < $signed(4'd0);
  wire [2:0] relu_quantize_2_1_1 = relu_quantize_part_328 ? 3'd0 : relu_quantize_part_179[2:0];
  wire relu_quantize_part_330 = $signed(relu_quantize_part_188) < $signed(4'd0);
  wire [1:0] relu_quantize_2_2_0 = relu_quantize_part_330 ? 2'd0 : relu_quantize_part_188[1:0];
  wire relu_quantize_part_332 = $signed(relu_quantize_part_197) < $signed(4'd0);
  wire [2:0] relu_quantize_2_2_1 = relu_quantize_part_332 ? 3'd0 : relu_quantize_part_197[2:0];
  wire relu_quantize_part_334 = $signed(relu_quantize_part_206) < $signed(4'd0);
  wire [1:0] relu_quantize_2_3_0 = relu_quantize_part_334 ? 2'd0 : relu_quantize_part_206[1:0];
  wire relu_quantize_part_336 = $signed(relu_quantize_part_215) < $signed(4'd0);
  wire [2:0] relu_quantize_2_3_1 = relu_quantize_part_336 ? 3'd0 : relu_quantize_part_215[2:0];
  wire relu_quantize_part_338 = $signed(relu_quantize_part_224) < $signed(4'd0);
  wire [1:0] relu_quantize_3_0_0 = relu_quantize_part_338 ? 2'd0 : relu_quantize_part_224[1:0];
  wire relu_quantize_part_340 = $signed(relu_quantize_part_233) < $signed(4'd0);
  wire [2:0] relu_quantize_3_0_1 = relu_quantize_part_340 ? 3'd0 : relu_quantize_part_233[2:0];
  wire relu_quantize_part_342 = $signed(relu_quantize_part_242) < $signed(4'd0);
  wire [1:0] relu_quantize_3_1_0 = relu_quantize_part_342 ? 2'd0 : relu_quantize_part_242[1:0];
  wire relu_quantize_part_344 = $signed(relu_quantize_part_251) < $signed(4'd0);
  wire [2:0] relu_quantize_3_1_1 = relu_quantize_part_344 ? 3'd0 : relu_quantize_part_251[2:0];
  wire relu_quantize_part_346 = $signed(relu_quantize_part_260) < $signed(4'd0);
  wire [1:0] relu_quantize_3_2_0 = relu_quantize_part_346 ? 2'd0 : relu_quantize_part_260[1:0];
  wire relu_quantize_part_348 = $signed(relu_quantize_part_269) < $signed(4'd0);
  wire [2:0] relu_quantize_3_2_1 = relu_quantize_part_348 ? 3'd0 : relu_quantize_part_269[2:0];
  wire relu_quantize_part_350 = $signed(relu_quantize_part_278) < $signed(4'd0);
  wire [1:0] relu_quantize_3_3_0 = relu_quantize_part_350 ? 2'd0 : relu_quantize_part_278[1:0];
  wire relu_quantize_part_352 = $signed(relu_quantize_part_287) < $signed(4'd0);
  wire [2:0] relu_quantize_3_3_1 = relu_quantize_part_352 ? 3'd0 : relu_quantize_part_287[2:0];
  // second.conv
  (* keep *) wire signed [2:0] second_conv_part_10 = 3'(relu_quantize_1_1_0) - {relu_quantize_0_0_0, 1'd0};
  (* keep *) wire [2:0] second_conv_part_11 = 3'(relu_quantize_1_0_0) + relu_quantize_1_0_1;
  (* keep *) wire signed [4:0] second_conv_part_13 = 5'(second_conv_part_11) + {4'(second_conv_part_10), 1'd0};
  // relu.quantize
  reg [2:0] relu_quantize_0_0_1_d1;
  always @(posedge clk) relu_quantize_0_0_1_d1 <= relu_quantize_0_0_1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_15 = 4'(relu_quantize_0_1_1) - 4'(relu_quantize_0_1_0);
  reg signed [3:0] second_conv_part_15_d1;
  always @(posedge clk) second_conv_part_15_d1 <= second_conv_part_15;
  (* keep *) wire signed [4:0] second_conv_part_16 = 5'(second_conv_part_15_d1) - {4'(relu_quantize_0_0_1_d1), 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_0_0_0_d1;
  always @(posedge clk) relu_quantize_0_0_0_d1 <= relu_quantize_0_0_0;
  reg [2:0] relu_quantize_1_1_1_d1;
  always @(posedge clk) relu_quantize_1_1_1_d1 <= relu_quantize_1_1_1;
  // second.conv
  (* keep *) wire [2:0] second_conv_part_17 = 3'(relu_quantize_0_0_0_d1) + relu_quantize_1_1_1_d1;
  // relu.quantize
  reg [2:0] relu_quantize_0_1_1_d1;
  always @(posedge clk) relu_quantize_0_1_1_d1 <= relu_quantize_0_1_1;
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_19 = 5'(relu_quantize_0_0_1_d1) - {4'(relu_quantize_0_1_1_d1), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_21 = 7'(second_conv_part_17) - {4'(relu_quantize_1_1_1_d1), 3'd0};
  reg signed [4:0] second_conv_part_13_d1;
  always @(posedge clk) second_conv_part_13_d1 <= second_conv_part_13;
  (* keep *) wire signed [5:0] second_conv_part_23 = 6'(second_conv_part_13_d1) + {second_conv_part_19, 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_25 = second_conv_part_21 + {6'(second_conv_part_16), 1'd0};
  (* keep *) wire signed [7:0] second_conv_0_0_0 = 8'(second_conv_part_25) - 8'(second_conv_part_23);
  (* keep *) wire signed [4:0] second_conv_part_28 = {4'(relu_quantize_0_0_1_d1), 1'd0} - {4'(relu_quantize_1_1_1_d1), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_29 = 7'(second_conv_part_15_d1) + {4'(relu_quantize_1_1_1_d1), 3'd0};
  (* keep *) wire signed [5:0] second_conv_part_30 = 6'(second_conv_part_13_d1) + 6'(second_conv_part_28);
  (* keep *) wire signed [7:0] second_conv_part_32 = 8'(second_conv_part_29) + {6'(second_conv_part_16), 2'd0};
  (* keep *) wire signed [7:0] second_conv_0_0_1 = 8'(second_conv_part_30) + second_conv_part_32;
  (* keep *) wire signed [2:0] second_conv_part_35 = 3'(relu_quantize_1_2_0) - {relu_quantize_0_1_0, 1'd0};
  (* keep *) wire [2:0] second_conv_part_36 = 3'(relu_quantize_1_1_0) + relu_quantize_1_1_1;
  (* keep *) wire signed [4:0] second_conv_part_38 = 5'(second_conv_part_36) + {4'(second_conv_part_35), 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_39 = 4'(relu_quantize_1_2_1) - 4'(relu_quantize_0_0_1);
  // relu.quantize
  reg [2:0] relu_quantize_1_0_1_d1;
  always @(posedge clk) relu_quantize_1_0_1_d1 <= relu_quantize_1_0_1;
  // second.conv
  reg signed [3:0] second_conv_part_39_d1;
  always @(posedge clk) second_conv_part_39_d1 <= second_conv_part_39;
  (* keep *) wire signed [4:0] second_conv_part_40 = 5'(relu_quantize_1_0_1_d1) + 5'(second_conv_part_39_d1);
  (* keep *) wire signed [3:0] second_conv_part_41 = 4'(relu_quantize_0_2_1) - 4'(relu_quantize_0_2_0);
  reg signed [3:0] second_conv_part_41_d1;
  always @(posedge clk) second_conv_part_41_d1 <= second_conv_part_41;
  (* keep *) wire signed [4:0] second_conv_part_42 = 5'(second_conv_part_41_d1) - {4'(relu_quantize_0_1_1_d1), 1'd0};
  (* keep *) wire [3:0] second_conv_part_44 = 4'(relu_quantize_0_1_0) + {relu_quantize_1_0_0, 2'd0};
  reg [3:0] second_conv_part_44_d1;
  always @(posedge clk) second_conv_part_44_d1 <= second_conv_part_44;
  (* keep *) wire signed [4:0] second_conv_part_45 = 5'(second_conv_part_44_d1) - {4'(relu_quantize_0_1_1_d1), 1'd0};
  // relu.quantize
  reg [2:0] relu_quantize_0_2_1_d1;
  always @(posedge clk) relu_quantize_0_2_1_d1 <= relu_quantize_0_2_1;
  // second.conv
  (* keep *) wire signed [5:0] second_conv_part_47 = 6'(second_conv_part_45) + {4'(relu_quantize_0_2_1_d1), 2'd0};
  reg signed [4:0] second_conv_part_38_d1;
  always @(posedge clk) second_conv_part_38_d1 <= second_conv_part_38;
  (* keep *) wire signed [5:0] second_conv_part_48 = 6'(second_conv_part_40) - 6'(second_conv_part_38_d1);
  (* keep *) wire signed [6:0] second_conv_part_50 = 7'(second_conv_part_47) + {6'(second_conv_part_42), 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_52 = 8'(second_conv_part_48) - {second_conv_part_40, 3'd0};
  (* keep *) wire signed [8:0] second_conv_0_1_0 = 9'(second_conv_part_50) + 9'(second_conv_part_52);
  (* keep *) wire [2:0] second_conv_part_55 = 3'(relu_quantize_0_0_0) + {relu_quantize_1_0_0, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_56 = 4'(relu_quantize_0_0_1) - 4'(second_conv_part_55);
  (* keep *) wire signed [4:0] second_conv_part_58 = {4'(relu_quantize_0_1_1), 1'd0} - {4'(relu_quantize_1_0_1), 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_59 = 5'(second_conv_part_41) + 5'(second_conv_part_56);
  reg signed [4:0] second_conv_part_58_d1;
  always @(posedge clk) second_conv_part_58_d1 <= second_conv_part_58;
  (* keep *) wire signed [6:0] second_conv_part_61 = 7'(second_conv_part_58_d1) + {second_conv_part_39_d1, 3'd0};
  reg signed [4:0] second_conv_part_59_d1;
  always @(posedge clk) second_conv_part_59_d1 <= second_conv_part_59;
  (* keep *) wire signed [5:0] second_conv_part_62 = 6'(second_conv_part_38_d1) + 6'(second_conv_part_59_d1);
  (* keep *) wire signed [6:0] second_conv_part_63 = 7'(second_conv_part_40) - {6'(second_conv_part_42), 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_64 = 8'(second_conv_part_61) + 8'(second_conv_part_62);
  (* keep *) wire signed [8:0] second_conv_0_1_1 = 9'(second_conv_part_64) - {8'(second_conv_part_63), 1'd0};
  (* keep *) wire signed [2:0] second_conv_part_68 = 3'(relu_quantize_1_3_0) - {relu_quantize_0_2_0, 1'd0};
  (* keep *) wire [2:0] second_conv_part_69 = 3'(relu_quantize_1_2_0) + relu_quantize_1_2_1;
  reg signed [2:0] second_conv_part_68_d1;
  always @(posedge clk) second_conv_part_68_d1 <= second_conv_part_68;
  reg [2:0] second_conv_part_69_d1;
  always @(posedge clk) second_conv_part_69_d1 <= second_conv_part_69;
  (* keep *) wire signed [4:0] second_conv_part_71 = 5'(second_conv_part_69_d1) + {4'(second_conv_part_68_d1), 1'd0};
  // relu.quantize
  reg [2:0] relu_quantize_1_3_1_d1;
  always @(posedge clk) relu_quantize_1_3_1_d1 <= relu_quantize_1_3_1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_72 = 4'(relu_quantize_1_3_1_d1) - 4'(relu_quantize_0_1_1_d1);
  (* keep *) wire signed [4:0] second_conv_part_73 = 5'(relu_quantize_1_1_1_d1) + 5'(second_conv_part_72);
  (* keep *) wire signed [3:0] second_conv_part_75 = 4'(relu_quantize_0_3_1) - 4'(relu_quantize_0_3_0);
  reg signed [3:0] second_conv_part_75_d1;
  always @(posedge clk) second_conv_part_75_d1 <= second_conv_part_75;
  (* keep *) wire signed [4:0] second_conv_part_76 = 5'(second_conv_part_75_d1) - {4'(relu_quantize_0_2_1_d1), 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_1_1_0_d1;
  always @(posedge clk) relu_quantize_1_1_0_d1 <= relu_quantize_1_1_0;
  reg [1:0] relu_quantize_0_2_0_d1;
  always @(posedge clk) relu_quantize_0_2_0_d1 <= relu_quantize_0_2_0;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_78 = 4'(relu_quantize_0_2_0_d1) + {relu_quantize_1_1_0_d1, 2'd0};
  (* keep *) wire signed [4:0] second_conv_part_79 = 5'(second_conv_part_78) - {4'(relu_quantize_0_2_1_d1), 1'd0};
  // relu.quantize
  reg [2:0] relu_quantize_0_3_1_d1;
  always @(posedge clk) relu_quantize_0_3_1_d1 <= relu_quantize_0_3_1;
  // second.conv
  (* keep *) wire signed [5:0] second_conv_part_81 = 6'(second_conv_part_79) + {4'(relu_quantize_0_3_1_d1), 2'd0};
  (* keep *) wire signed [5:0] second_conv_part_82 = 6'(second_conv_part_73) - 6'(second_conv_part_71);
  (* keep *) wire signed [6:0] second_conv_part_84 = 7'(second_conv_part_81) + {6'(second_conv_part_76), 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_86 = 8'(second_conv_part_82) - {second_conv_part_73, 3'd0};
  (* keep *) wire signed [8:0] second_conv_0_2_0 = 9'(second_conv_part_84) + 9'(second_conv_part_86);
  (* keep *) wire [2:0] second_conv_part_89 = 3'(relu_quantize_0_1_0) + {relu_quantize_1_1_0, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_90 = 4'(relu_quantize_0_1_1) - 4'(second_conv_part_89);
  (* keep *) wire signed [4:0] second_conv_part_91 = {4'(relu_quantize_0_2_1_d1), 1'd0} - {4'(relu_quantize_1_1_1_d1), 1'd0};
  reg signed [3:0] second_conv_part_90_d1;
  always @(posedge clk) second_conv_part_90_d1 <= second_conv_part_90;
  (* keep *) wire signed [4:0] second_conv_part_92 = 5'(second_conv_part_75_d1) + 5'(second_conv_part_90_d1);
  (* keep *) wire signed [6:0] second_conv_part_94 = 7'(second_conv_part_91) + {second_conv_part_72, 3'd0};
  (* keep *) wire signed [5:0] second_conv_part_95 = 6'(second_conv_part_71) + 6'(second_conv_part_92);
  (* keep *) wire signed [6:0] second_conv_part_96 = 7'(second_conv_part_73) - {6'(second_conv_part_76), 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_97 = 8'(second_conv_part_94) + 8'(second_conv_part_95);
  (* keep *) wire signed [8:0] second_conv_0_2_1 = 9'(second_conv_part_97) - {8'(second_conv_part_96), 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_0_3_0_d1;
  always @(posedge clk) relu_quantize_0_3_0_d1 <= relu_quantize_0_3_0;
  reg [1:0] relu_quantize_1_3_0_d1;
  always @(posedge clk) relu_quantize_1_3_0_d1 <= relu_quantize_1_3_0;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_102 = 4'(relu_quantize_1_3_0_d1) - {relu_quantize_0_3_0_d1, 2'd0};
  (* keep *) wire signed [3:0] second_conv_part_103 = 4'(relu_quantize_1_3_1_d1) + second_conv_part_102;
  // relu.quantize
  reg [2:0] relu_quantize_1_2_1_d1;
  always @(posedge clk) relu_quantize_1_2_1_d1 <= relu_quantize_1_2_1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_104 = 4'(relu_quantize_1_2_1_d1) - 4'(relu_quantize_0_2_1_d1);
  // relu.quantize
  reg [1:0] relu_quantize_1_2_0_d1;
  always @(posedge clk) relu_quantize_1_2_0_d1 <= relu_quantize_1_2_0;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_107 = 4'(relu_quantize_0_3_0_d1) + {relu_quantize_1_2_0_d1, 2'd0};
  (* keep *) wire signed [4:0] second_conv_part_108 = 5'(second_conv_part_107) - {4'(relu_quantize_0_3_1_d1), 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_109 = {4'(relu_quantize_0_3_1_d1), 2'd0} + 6'(second_conv_part_103);
  (* keep *) wire signed [4:0] second_conv_part_110 = 5'(second_conv_part_104) + second_conv_part_108;
  (* keep *) wire signed [6:0] second_conv_part_112 = 7'(second_conv_part_110) - {second_conv_part_104, 3'd0};
  (* keep *) wire signed [7:0] second_conv_0_3_0 = 8'(second_conv_part_112) - 8'(second_conv_part_109);
  (* keep *) wire [2:0] second_conv_part_115 = 3'(relu_quantize_0_2_0_d1) + {relu_quantize_1_2_0_d1, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_116 = 4'(relu_quantize_0_2_1_d1) - 4'(second_conv_part_115);
  (* keep *) wire signed [4:0] second_conv_part_118 = {4'(relu_quantize_0_3_1_d1), 1'd0} - {4'(relu_quantize_1_2_1_d1), 1'd0};
  (* keep *) wire [4:0] second_conv_part_119 = {4'(relu_quantize_0_2_1_d1), 1'd0} + {4'(relu_quantize_0_3_1_d1), 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_120 = 5'(second_conv_part_103) + 5'(second_conv_part_116);
  (* keep *) wire signed [5:0] second_conv_part_122 = 6'(second_conv_part_118) - {5'(second_conv_part_104), 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_124 = 8'(second_conv_part_120) - {6'(second_conv_part_119), 2'd0};
  (* keep *) wire signed [7:0] second_conv_0_3_1 = 8'(second_conv_part_122) + second_conv_part_124;
  (* keep *) wire signed [6:0] second_conv_part_127 = 7'(relu_quantize_0_1_1_d1) - {4'(relu_quantize_0_1_1_d1), 3'd0};
  (* keep *) wire signed [2:0] second_conv_part_128 = 3'(relu_quantize_2_1_0) - {relu_quantize_1_0_0, 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_2_0_0_d1;
  always @(posedge clk) relu_quantize_2_0_0_d1 <= relu_quantize_2_0_0;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_129 = 4'(relu_quantize_0_0_1_d1) - 4'(relu_quantize_2_0_0_d1);
  // relu.quantize
  reg [2:0] relu_quantize_2_0_1_d1;
  always @(posedge clk) relu_quantize_2_0_1_d1 <= relu_quantize_2_0_1;
  // second.conv
  reg signed [2:0] second_conv_part_128_d1;
  always @(posedge clk) second_conv_part_128_d1 <= second_conv_part_128;
  (* keep *) wire signed [4:0] second_conv_part_131 = 5'(relu_quantize_2_0_1_d1) + {4'(second_conv_part_128_d1), 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_132 = 5'(second_conv_part_129) - second_conv_part_131;
  // relu.quantize
  reg [2:0] relu_quantize_2_1_1_d1;
  always @(posedge clk) relu_quantize_2_1_1_d1 <= relu_quantize_2_1_1;
  // second.conv
  (* keep *) wire [2:0] second_conv_part_133 = 3'(relu_quantize_0_0_0_d1) + relu_quantize_2_1_1_d1;
  // relu.quantize
  reg [1:0] relu_quantize_0_1_0_d1;
  always @(posedge clk) relu_quantize_0_1_0_d1 <= relu_quantize_0_1_0;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_134 = 4'(relu_quantize_0_1_0_d1) + {relu_quantize_1_0_1_d1, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_135 = 4'(relu_quantize_1_1_1_d1) - 4'(relu_quantize_1_1_0_d1);
  (* keep *) wire signed [4:0] second_conv_part_136 = 5'(second_conv_part_135) - 5'(second_conv_part_134);
  // relu.quantize
  reg [1:0] relu_quantize_1_0_0_d1;
  always @(posedge clk) relu_quantize_1_0_0_d1 <= relu_quantize_1_0_0;
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_137 = 5'(relu_quantize_1_0_0_d1) - {4'(relu_quantize_1_0_1_d1), 1'd0};
  (* keep *) wire [4:0] second_conv_part_139 = 5'(second_conv_part_133) + {relu_quantize_1_1_1_d1, 2'd0};
  (* keep *) wire signed [7:0] second_conv_part_141 = 8'(second_conv_part_137) - {5'(second_conv_part_133), 3'd0};
  (* keep *) wire signed [6:0] second_conv_part_142 = second_conv_part_127 + 7'(second_conv_part_132);
  (* keep *) wire signed [6:0] second_conv_part_144 = 7'(second_conv_part_139) + {6'(second_conv_part_136), 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_145 = second_conv_part_141 + 8'(second_conv_part_142);
  (* keep *) wire signed [8:0] second_conv_1_0_0 = 9'(second_conv_part_144) + 9'(second_conv_part_145);
  (* keep *) wire signed [5:0] second_conv_part_148 = 6'(second_conv_part_133) - {4'(relu_quantize_2_1_1_d1), 2'd0};
  (* keep *) wire signed [5:0] second_conv_part_149 = 6'(second_conv_part_134) + 6'(second_conv_part_135);
  (* keep *) wire signed [6:0] second_conv_part_150 = second_conv_part_127 - 7'(second_conv_part_132);
  (* keep *) wire signed [6:0] second_conv_part_152 = 7'(second_conv_part_149) + {second_conv_part_136, 2'd0};
  (* keep *) wire signed [7:0] second_conv_part_154 = 8'(second_conv_part_150) - {7'(second_conv_part_148), 1'd0};
  (* keep *) wire signed [7:0] second_conv_1_0_1 = 8'(second_conv_part_152) + second_conv_part_154;
  (* keep *) wire signed [6:0] second_conv_part_157 = 7'(relu_quantize_0_2_1_d1) - {4'(relu_quantize_0_2_1_d1), 3'd0};
  (* keep *) wire signed [2:0] second_conv_part_158 = 3'(relu_quantize_2_2_0) - {relu_quantize_1_1_0, 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_2_1_0_d1;
  always @(posedge clk) relu_quantize_2_1_0_d1 <= relu_quantize_2_1_0;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_159 = 4'(relu_quantize_0_1_1_d1) - 4'(relu_quantize_2_1_0_d1);
  reg signed [2:0] second_conv_part_158_d1;
  always @(posedge clk) second_conv_part_158_d1 <= second_conv_part_158;
  (* keep *) wire signed [4:0] second_conv_part_161 = 5'(relu_quantize_2_1_1_d1) + {4'(second_conv_part_158_d1), 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_162 = 5'(second_conv_part_159) - second_conv_part_161;
  // relu.quantize
  reg [2:0] relu_quantize_2_2_1_d1;
  always @(posedge clk) relu_quantize_2_2_1_d1 <= relu_quantize_2_2_1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_163 = 4'(relu_quantize_2_2_1_d1) - 4'(relu_quantize_1_0_1_d1);
  (* keep *) wire [2:0] second_conv_part_164 = 3'(relu_quantize_0_1_0_d1) + relu_quantize_2_0_1_d1;
  (* keep *) wire signed [4:0] second_conv_part_165 = 5'(second_conv_part_163) + 5'(second_conv_part_164);
  (* keep *) wire [3:0] second_conv_part_166 = 4'(relu_quantize_0_2_0_d1) + {relu_quantize_1_1_1_d1, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_167 = 4'(relu_quantize_0_0_1_d1) - 4'(relu_quantize_1_2_0_d1);
  (* keep *) wire signed [4:0] second_conv_part_168 = 5'(relu_quantize_1_2_1_d1) + 5'(second_conv_part_167);
  (* keep *) wire signed [4:0] second_conv_part_169 = 5'(relu_quantize_0_0_0_d1) - 5'(second_conv_part_166);
  (* keep *) wire signed [4:0] second_conv_part_170 = second_conv_part_168 + second_conv_part_169;
  (* keep *) wire [3:0] second_conv_part_172 = 4'(relu_quantize_1_1_0) + {relu_quantize_2_0_0, 2'd0};
  reg [3:0] second_conv_part_172_d1;
  always @(posedge clk) second_conv_part_172_d1 <= second_conv_part_172;
  (* keep *) wire signed [4:0] second_conv_part_173 = 5'(second_conv_part_172_d1) - {4'(relu_quantize_1_1_1_d1), 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_175 = 6'(second_conv_part_173) + {4'(relu_quantize_1_2_1_d1), 2'd0};
  (* keep *) wire signed [6:0] second_conv_part_176 = second_conv_part_157 + 7'(second_conv_part_162);
  (* keep *) wire signed [6:0] second_conv_part_177 = 7'(second_conv_part_165) + 7'(second_conv_part_175);
  (* keep *) wire signed [6:0] second_conv_part_179 = 7'(second_conv_part_170) - {second_conv_part_165, 2'd0};
  (* keep *) wire signed [7:0] second_conv_part_180 = 8'(second_conv_part_176) + 8'(second_conv_part_177);
  (* keep *) wire signed [8:0] second_conv_1_1_0 = 9'(second_conv_part_180) + {8'(second_conv_part_179), 1'd0};
  (* keep *) wire [2:0] second_conv_part_184 = 3'(relu_quantize_1_0_0) + {relu_quantize_2_0_0, 1'd0};
  reg [2:0] second_conv_part_184_d1;
  always @(posedge clk) second_conv_part_184_d1 <= second_conv_part_184;
  (* keep *) wire signed [3:0] second_conv_part_185 = 4'(relu_quantize_1_0_1_d1) - 4'(second_conv_part_184_d1);
  (* keep *) wire signed [4:0] second_conv_part_187 = 5'(second_conv_part_166) - {4'(relu_quantize_2_0_1_d1), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_188 = second_conv_part_157 + 7'(second_conv_part_185);
  (* keep *) wire signed [6:0] second_conv_part_190 = 7'(second_conv_part_162) - {second_conv_part_163, 3'd0};
  (* keep *) wire signed [5:0] second_conv_part_191 = 6'(second_conv_part_168) + 6'(second_conv_part_187);
  (* keep *) wire signed [7:0] second_conv_part_193 = 8'(second_conv_part_188) - {7'(second_conv_part_165), 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_195 = 8'(second_conv_part_191) + {6'(second_conv_part_170), 2'd0};
  (* keep *) wire signed [7:0] second_conv_part_196 = second_conv_part_193 - 8'(second_conv_part_190);
  (* keep *) wire signed [8:0] second_conv_1_1_1 = 9'(second_conv_part_195) + 9'(second_conv_part_196);
  (* keep *) wire signed [6:0] second_conv_part_199 = 7'(relu_quantize_0_3_1_d1) - {4'(relu_quantize_0_3_1_d1), 3'd0};
  (* keep *) wire signed [2:0] second_conv_part_200 = 3'(relu_quantize_2_3_0) - {relu_quantize_1_2_0, 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_2_2_0_d1;
  always @(posedge clk) relu_quantize_2_2_0_d1 <= relu_quantize_2_2_0;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_201 = 4'(relu_quantize_0_2_1_d1) - 4'(relu_quantize_2_2_0_d1);
  reg signed [2:0] second_conv_part_200_d1;
  always @(posedge clk) second_conv_part_200_d1 <= second_conv_part_200;
  (* keep *) wire signed [4:0] second_conv_part_203 = 5'(relu_quantize_2_2_1_d1) + {4'(second_conv_part_200_d1), 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_204 = 5'(second_conv_part_201) - second_conv_part_203;
  // relu.quantize
  reg [2:0] relu_quantize_2_3_1_d1;
  always @(posedge clk) relu_quantize_2_3_1_d1 <= relu_quantize_2_3_1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_205 = 4'(relu_quantize_2_3_1_d1) - 4'(relu_quantize_1_1_1_d1);
  (* keep *) wire [2:0] second_conv_part_206 = 3'(relu_quantize_0_2_0_d1) + relu_quantize_2_1_1_d1;
  (* keep *) wire signed [4:0] second_conv_part_207 = 5'(second_conv_part_205) + 5'(second_conv_part_206);
  (* keep *) wire [3:0] second_conv_part_208 = 4'(relu_quantize_0_3_0_d1) + {relu_quantize_1_2_1_d1, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_209 = 4'(relu_quantize_0_1_1_d1) - 4'(relu_quantize_1_3_0_d1);
  (* keep *) wire signed [4:0] second_conv_part_210 = 5'(relu_quantize_1_3_1_d1) + 5'(second_conv_part_209);
  (* keep *) wire signed [4:0] second_conv_part_211 = 5'(relu_quantize_0_1_0_d1) - 5'(second_conv_part_208);
  (* keep *) wire signed [4:0] second_conv_part_212 = second_conv_part_210 + second_conv_part_211;
  (* keep *) wire [3:0] second_conv_part_214 = 4'(relu_quantize_1_2_0) + {relu_quantize_2_1_0, 2'd0};
  reg [3:0] second_conv_part_214_d1;
  always @(posedge clk) second_conv_part_214_d1 <= second_conv_part_214;
  (* keep *) wire signed [4:0] second_conv_part_215 = 5'(second_conv_part_214_d1) - {4'(relu_quantize_1_2_1_d1), 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_217 = 6'(second_conv_part_215) + {4'(relu_quantize_1_3_1_d1), 2'd0};
  (* keep *) wire signed [6:0] second_conv_part_218 = second_conv_part_199 + 7'(second_conv_part_204);
  (* keep *) wire signed [6:0] second_conv_part_219 = 7'(second_conv_part_207) + 7'(second_conv_part_217);
  (* keep *) wire signed [6:0] second_conv_part_221 = 7'(second_conv_part_212) - {second_conv_part_207, 2'd0};
  (* keep *) wire signed [7:0] second_conv_part_222 = 8'(second_conv_part_218) + 8'(second_conv_part_219);
  (* keep *) wire signed [8:0] second_conv_1_2_0 = 9'(second_conv_part_222) + {8'(second_conv_part_221), 1'd0};
  (* keep *) wire [2:0] second_conv_part_226 = 3'(relu_quantize_1_1_0) + {relu_quantize_2_1_0, 1'd0};
  reg [2:0] second_conv_part_226_d1;
  always @(posedge clk) second_conv_part_226_d1 <= second_conv_part_226;
  (* keep *) wire signed [3:0] second_conv_part_227 = 4'(relu_quantize_1_1_1_d1) - 4'(second_conv_part_226_d1);
  (* keep *) wire signed [4:0] second_conv_part_229 = 5'(second_conv_part_208) - {4'(relu_quantize_2_1_1_d1), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_230 = second_conv_part_199 + 7'(second_conv_part_227);
  (* keep *) wire signed [6:0] second_conv_part_232 = 7'(second_conv_part_204) - {second_conv_part_205, 3'd0};
  (* keep *) wire signed [5:0] second_conv_part_233 = 6'(second_conv_part_210) + 6'(second_conv_part_229);
  (* keep *) wire signed [7:0] second_conv_part_235 = 8'(second_conv_part_230) - {7'(second_conv_part_207), 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_237 = 8'(second_conv_part_233) + {6'(second_conv_part_212), 2'd0};
  (* keep *) wire signed [7:0] second_conv_part_238 = second_conv_part_235 - 8'(second_conv_part_232);
  (* keep *) wire signed [8:0] second_conv_1_2_1 = 9'(second_conv_part_237) + 9'(second_conv_part_238);
  // relu.quantize
  reg [1:0] relu_quantize_1_3_0_d2;
  always @(posedge clk) relu_quantize_1_3_0_d2 <= relu_quantize_1_3_0_d1;
  reg [1:0] relu_quantize_2_3_0_d1;
  always @(posedge clk) relu_quantize_2_3_0_d1 <= relu_quantize_2_3_0;
  reg [1:0] relu_quantize_2_3_0_d2;
  always @(posedge clk) relu_quantize_2_3_0_d2 <= relu_quantize_2_3_0_d1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_242 = 4'(relu_quantize_2_3_0_d2) - {relu_quantize_1_3_0_d2, 2'd0};
  // relu.quantize
  reg [2:0] relu_quantize_0_3_1_d2;
  always @(posedge clk) relu_quantize_0_3_1_d2 <= relu_quantize_0_3_1_d1;
  reg [2:0] relu_quantize_2_3_1_d2;
  always @(posedge clk) relu_quantize_2_3_1_d2 <= relu_quantize_2_3_1_d1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_243 = 4'(relu_quantize_0_3_1_d2) - 4'(relu_quantize_2_3_1_d2);
  (* keep *) wire signed [4:0] second_conv_part_244 = 5'(second_conv_part_243) - 5'(second_conv_part_242);
  (* keep *) wire signed [3:0] second_conv_part_245 = 4'(relu_quantize_0_3_0_d1) - 4'(relu_quantize_1_2_1_d1);
  // relu.quantize
  reg [2:0] relu_quantize_2_2_1_d2;
  always @(posedge clk) relu_quantize_2_2_1_d2 <= relu_quantize_2_2_1_d1;
  // second.conv
  reg signed [3:0] second_conv_part_245_d1;
  always @(posedge clk) second_conv_part_245_d1 <= second_conv_part_245;
  (* keep *) wire signed [3:0] second_conv_part_246 = 4'(relu_quantize_2_2_1_d2) + second_conv_part_245_d1;
  // relu.quantize
  reg [2:0] relu_quantize_1_3_1_d2;
  always @(posedge clk) relu_quantize_1_3_1_d2 <= relu_quantize_1_3_1_d1;
  reg [1:0] relu_quantize_0_2_0_d2;
  always @(posedge clk) relu_quantize_0_2_0_d2 <= relu_quantize_0_2_0_d1;
  reg [2:0] relu_quantize_0_2_1_d2;
  always @(posedge clk) relu_quantize_0_2_1_d2 <= relu_quantize_0_2_1_d1;
  // second.conv
  (* keep *) wire [2:0] second_conv_part_248 = 3'(relu_quantize_0_2_0_d2) + relu_quantize_0_2_1_d2;
  (* keep *) wire signed [4:0] second_conv_part_249 = 5'(second_conv_part_248) - {4'(relu_quantize_1_3_1_d2), 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_2_2_0_d2;
  always @(posedge clk) relu_quantize_2_2_0_d2 <= relu_quantize_2_2_0_d1;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_251 = 4'(relu_quantize_1_3_0_d2) + {relu_quantize_2_2_0_d2, 2'd0};
  (* keep *) wire signed [4:0] second_conv_part_252 = 5'(second_conv_part_251) - {4'(relu_quantize_1_3_1_d2), 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_253 = 6'(second_conv_part_246) + 6'(second_conv_part_252);
  (* keep *) wire signed [5:0] second_conv_part_255 = 6'(second_conv_part_244) + {second_conv_part_249, 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_257 = 8'(second_conv_part_253) - {5'(second_conv_part_246), 3'd0};
  (* keep *) wire signed [7:0] second_conv_1_3_0 = 8'(second_conv_part_255) + second_conv_part_257;
  (* keep *) wire [2:0] second_conv_part_260 = 3'(relu_quantize_1_2_0_d1) + {relu_quantize_2_2_0_d1, 1'd0};
  (* keep *) wire [3:0] second_conv_part_261 = 4'(relu_quantize_0_2_1_d1) + 4'(relu_quantize_1_2_1_d1);
  (* keep *) wire [4:0] second_conv_part_263 = 5'(second_conv_part_260) + {4'(relu_quantize_2_2_1_d1), 1'd0};
  // relu.quantize
  reg [2:0] relu_quantize_1_2_1_d2;
  always @(posedge clk) relu_quantize_1_2_1_d2 <= relu_quantize_1_2_1_d1;
  // second.conv
  (* keep *) wire signed [6:0] second_conv_part_265 = {6'(relu_quantize_1_3_1_d2), 1'd0} - {4'(relu_quantize_1_2_1_d2), 3'd0};
  (* keep *) wire signed [4:0] second_conv_part_266 = 5'(second_conv_part_261) - second_conv_part_263;
  (* keep *) wire signed [6:0] second_conv_part_267 = second_conv_part_265 - 7'(second_conv_part_244);
  reg signed [4:0] second_conv_part_266_d1;
  always @(posedge clk) second_conv_part_266_d1 <= second_conv_part_266;
  (* keep *) wire signed [5:0] second_conv_part_269 = 6'(second_conv_part_266_d1) - {5'(second_conv_part_246), 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_271 = 8'(second_conv_part_269) + {6'(second_conv_part_249), 2'd0};
  (* keep *) wire signed [7:0] second_conv_1_3_1 = 8'(second_conv_part_267) + second_conv_part_271;
  // relu.quantize
  reg [2:0] relu_quantize_1_1_1_d2;
  always @(posedge clk) relu_quantize_1_1_1_d2 <= relu_quantize_1_1_1_d1;
  // second.conv
  (* keep *) wire signed [6:0] second_conv_part_273 = 7'(relu_quantize_1_1_1_d2) - {4'(relu_quantize_1_1_1_d2), 3'd0};
  (* keep *) wire signed [2:0] second_conv_part_274 = 3'(relu_quantize_3_1_0) - {relu_quantize_2_0_0_d1, 1'd0};
  // relu.quantize
  reg [2:0] relu_quantize_1_0_1_d2;
  always @(posedge clk) relu_quantize_1_0_1_d2 <= relu_quantize_1_0_1_d1;
  reg [1:0] relu_quantize_3_0_0_d1;
  always @(posedge clk) relu_quantize_3_0_0_d1 <= relu_quantize_3_0_0;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_275 = 4'(relu_quantize_1_0_1_d2) - 4'(relu_quantize_3_0_0_d1);
  // relu.quantize
  reg [2:0] relu_quantize_3_0_1_d1;
  always @(posedge clk) relu_quantize_3_0_1_d1 <= relu_quantize_3_0_1;
  // second.conv
  reg signed [2:0] second_conv_part_274_d1;
  always @(posedge clk) second_conv_part_274_d1 <= second_conv_part_274;
  (* keep *) wire signed [4:0] second_conv_part_277 = 5'(relu_quantize_3_0_1_d1) + {4'(second_conv_part_274_d1), 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_278 = 5'(second_conv_part_275) - second_conv_part_277;
  // relu.quantize
  reg [1:0] relu_quantize_1_0_0_d2;
  always @(posedge clk) relu_quantize_1_0_0_d2 <= relu_quantize_1_0_0_d1;
  reg [2:0] relu_quantize_3_1_1_d1;
  always @(posedge clk) relu_quantize_3_1_1_d1 <= relu_quantize_3_1_1;
  // second.conv
  (* keep *) wire [2:0] second_conv_part_279 = 3'(relu_quantize_1_0_0_d2) + relu_quantize_3_1_1_d1;
  // relu.quantize
  reg [1:0] relu_quantize_1_1_0_d2;
  always @(posedge clk) relu_quantize_1_1_0_d2 <= relu_quantize_1_1_0_d1;
  reg [2:0] relu_quantize_2_0_1_d2;
  always @(posedge clk) relu_quantize_2_0_1_d2 <= relu_quantize_2_0_1_d1;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_280 = 4'(relu_quantize_1_1_0_d2) + {relu_quantize_2_0_1_d2, 1'd0};
  // relu.quantize
  reg [2:0] relu_quantize_2_1_1_d2;
  always @(posedge clk) relu_quantize_2_1_1_d2 <= relu_quantize_2_1_1_d1;
  reg [1:0] relu_quantize_2_1_0_d2;
  always @(posedge clk) relu_quantize_2_1_0_d2 <= relu_quantize_2_1_0_d1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_281 = 4'(relu_quantize_2_1_1_d2) - 4'(relu_quantize_2_1_0_d2);
  (* keep *) wire signed [4:0] second_conv_part_282 = 5'(second_conv_part_281) - 5'(second_conv_part_280);
  // relu.quantize
  reg [1:0] relu_quantize_2_0_0_d2;
  always @(posedge clk) relu_quantize_2_0_0_d2 <= relu_quantize_2_0_0_d1;
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_283 = 5'(relu_quantize_2_0_0_d2) - {4'(relu_quantize_2_0_1_d2), 1'd0};
  (* keep *) wire [4:0] second_conv_part_284 = {relu_quantize_2_1_1_d2, 2'd0} + 5'(second_conv_part_279);
  (* keep *) wire signed [7:0] second_conv_part_286 = 8'(second_conv_part_283) - {5'(second_conv_part_279), 3'd0};
  (* keep *) wire signed [6:0] second_conv_part_287 = second_conv_part_273 + 7'(second_conv_part_278);
  (* keep *) wire signed [6:0] second_conv_part_289 = 7'(second_conv_part_284) + {6'(second_conv_part_282), 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_290 = second_conv_part_286 + 8'(second_conv_part_287);
  (* keep *) wire signed [8:0] second_conv_2_0_0 = 9'(second_conv_part_289) + 9'(second_conv_part_290);
  (* keep *) wire signed [5:0] second_conv_part_293 = 6'(second_conv_part_279) - {4'(relu_quantize_3_1_1_d1), 2'd0};
  (* keep *) wire signed [5:0] second_conv_part_294 = 6'(second_conv_part_280) + 6'(second_conv_part_281);
  (* keep *) wire signed [6:0] second_conv_part_295 = second_conv_part_273 - 7'(second_conv_part_278);
  (* keep *) wire signed [6:0] second_conv_part_297 = 7'(second_conv_part_294) + {second_conv_part_282, 2'd0};
  (* keep *) wire signed [7:0] second_conv_part_299 = 8'(second_conv_part_295) - {7'(second_conv_part_293), 1'd0};
  (* keep *) wire signed [7:0] second_conv_2_0_1 = 8'(second_conv_part_297) + second_conv_part_299;
  (* keep *) wire signed [6:0] second_conv_part_301 = 7'(relu_quantize_1_2_1_d2) - {4'(relu_quantize_1_2_1_d2), 3'd0};
  (* keep *) wire signed [2:0] second_conv_part_302 = 3'(relu_quantize_3_2_0) - {relu_quantize_2_1_0_d1, 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_3_1_0_d1;
  always @(posedge clk) relu_quantize_3_1_0_d1 <= relu_quantize_3_1_0;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_303 = 4'(relu_quantize_1_1_1_d2) - 4'(relu_quantize_3_1_0_d1);
  reg signed [2:0] second_conv_part_302_d1;
  always @(posedge clk) second_conv_part_302_d1 <= second_conv_part_302;
  (* keep *) wire signed [4:0] second_conv_part_305 = 5'(relu_quantize_3_1_1_d1) + {4'(second_conv_part_302_d1), 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_306 = 5'(second_conv_part_303) - second_conv_part_305;
  // relu.quantize
  reg [2:0] relu_quantize_3_2_1_d1;
  always @(posedge clk) relu_quantize_3_2_1_d1 <= relu_quantize_3_2_1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_307 = 4'(relu_quantize_3_2_1_d1) - 4'(relu_quantize_2_0_1_d2);
  (* keep *) wire [2:0] second_conv_part_308 = 3'(relu_quantize_1_1_0_d2) + relu_quantize_3_0_1_d1;
  (* keep *) wire signed [4:0] second_conv_part_309 = 5'(second_conv_part_307) + 5'(second_conv_part_308);
  // relu.quantize
  reg [1:0] relu_quantize_1_2_0_d2;
  always @(posedge clk) relu_quantize_1_2_0_d2 <= relu_quantize_1_2_0_d1;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_310 = 4'(relu_quantize_1_2_0_d2) + {relu_quantize_2_1_1_d2, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_311 = 4'(relu_quantize_1_0_1_d2) - 4'(relu_quantize_2_2_0_d2);
  (* keep *) wire signed [4:0] second_conv_part_312 = 5'(relu_quantize_2_2_1_d2) + 5'(second_conv_part_311);
  (* keep *) wire signed [4:0] second_conv_part_313 = 5'(relu_quantize_1_0_0_d2) - 5'(second_conv_part_310);
  (* keep *) wire signed [4:0] second_conv_part_314 = second_conv_part_312 + second_conv_part_313;
  (* keep *) wire [3:0] second_conv_part_316 = 4'(relu_quantize_2_1_0_d1) + {relu_quantize_3_0_0, 2'd0};
  reg [3:0] second_conv_part_316_d1;
  always @(posedge clk) second_conv_part_316_d1 <= second_conv_part_316;
  (* keep *) wire signed [4:0] second_conv_part_317 = 5'(second_conv_part_316_d1) - {4'(relu_quantize_2_1_1_d2), 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_319 = 6'(second_conv_part_317) + {4'(relu_quantize_2_2_1_d2), 2'd0};
  (* keep *) wire signed [6:0] second_conv_part_320 = second_conv_part_301 + 7'(second_conv_part_306);
  (* keep *) wire signed [6:0] second_conv_part_321 = 7'(second_conv_part_309) + 7'(second_conv_part_319);
  (* keep *) wire signed [6:0] second_conv_part_323 = 7'(second_conv_part_314) - {second_conv_part_309, 2'd0};
  (* keep *) wire signed [7:0] second_conv_part_324 = 8'(second_conv_part_320) + 8'(second_conv_part_321);
  (* keep *) wire signed [8:0] second_conv_2_1_0 = 9'(second_conv_part_324) + {8'(second_conv_part_323), 1'd0};
  (* keep *) wire [2:0] second_conv_part_328 = 3'(relu_quantize_2_0_0_d1) + {relu_quantize_3_0_0, 1'd0};
  reg [2:0] second_conv_part_328_d1;
  always @(posedge clk) second_conv_part_328_d1 <= second_conv_part_328;
  (* keep *) wire signed [3:0] second_conv_part_329 = 4'(relu_quantize_2_0_1_d2) - 4'(second_conv_part_328_d1);
  (* keep *) wire signed [4:0] second_conv_part_331 = 5'(second_conv_part_310) - {4'(relu_quantize_3_0_1_d1), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_332 = second_conv_part_301 + 7'(second_conv_part_329);
  (* keep *) wire signed [6:0] second_conv_part_334 = 7'(second_conv_part_306) - {second_conv_part_307, 3'd0};
  (* keep *) wire signed [5:0] second_conv_part_335 = 6'(second_conv_part_312) + 6'(second_conv_part_331);
  (* keep *) wire signed [7:0] second_conv_part_337 = 8'(second_conv_part_332) - {7'(second_conv_part_309), 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_339 = 8'(second_conv_part_335) + {6'(second_conv_part_314), 2'd0};
  (* keep *) wire signed [7:0] second_conv_part_340 = second_conv_part_337 - 8'(second_conv_part_334);
  (* keep *) wire signed [8:0] second_conv_2_1_1 = 9'(second_conv_part_339) + 9'(second_conv_part_340);
  (* keep *) wire signed [6:0] second_conv_part_343 = 7'(relu_quantize_1_3_1_d2) - {4'(relu_quantize_1_3_1_d2), 3'd0};
  (* keep *) wire signed [2:0] second_conv_part_344 = 3'(relu_quantize_3_3_0) - {relu_quantize_2_2_0_d1, 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_3_2_0_d1;
  always @(posedge clk) relu_quantize_3_2_0_d1 <= relu_quantize_3_2_0;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_345 = 4'(relu_quantize_1_2_1_d2) - 4'(relu_quantize_3_2_0_d1);
  reg signed [2:0] second_conv_part_344_d1;
  always @(posedge clk) second_conv_part_344_d1 <= second_conv_part_344;
  (* keep *) wire signed [4:0] second_conv_part_347 = 5'(relu_quantize_3_2_1_d1) + {4'(second_conv_part_344_d1), 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_348 = 5'(second_conv_part_345) - second_conv_part_347;
  // relu.quantize
  reg [2:0] relu_quantize_3_3_1_d1;
  always @(posedge clk) relu_quantize_3_3_1_d1 <= relu_quantize_3_3_1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_349 = 4'(relu_quantize_3_3_1_d1) - 4'(relu_quantize_2_1_1_d2);
  (* keep *) wire [2:0] second_conv_part_350 = 3'(relu_quantize_1_2_0_d2) + relu_quantize_3_1_1_d1;
  (* keep *) wire signed [4:0] second_conv_part_351 = 5'(second_conv_part_349) + 5'(second_conv_part_350);
  (* keep *) wire [3:0] second_conv_part_352 = 4'(relu_quantize_1_3_0_d2) + {relu_quantize_2_2_1_d2, 1'd0};
  (* keep *) wire signed [3:0] second_conv_part_353 = 4'(relu_quantize_1_1_1_d2) - 4'(relu_quantize_2_3_0_d2);
  (* keep *) wire signed [4:0] second_conv_part_354 = 5'(relu_quantize_2_3_1_d2) + 5'(second_conv_part_353);
  (* keep *) wire signed [4:0] second_conv_part_355 = 5'(relu_quantize_1_1_0_d2) - 5'(second_conv_part_352);
  (* keep *) wire signed [4:0] second_conv_part_356 = second_conv_part_354 + second_conv_part_355;
  (* keep *) wire [3:0] second_conv_part_358 = 4'(relu_quantize_2_2_0_d1) + {relu_quantize_3_1_0, 2'd0};
  reg [3:0] second_conv_part_358_d1;
  always @(posedge clk) second_conv_part_358_d1 <= second_conv_part_358;
  (* keep *) wire signed [4:0] second_conv_part_359 = 5'(second_conv_part_358_d1) - {4'(relu_quantize_2_2_1_d2), 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_361 = 6'(second_conv_part_359) + {4'(relu_quantize_2_3_1_d2), 2'd0};
  (* keep *) wire signed [6:0] second_conv_part_362 = second_conv_part_343 + 7'(second_conv_part_348);
  (* keep *) wire signed [6:0] second_conv_part_363 = 7'(second_conv_part_351) + 7'(second_conv_part_361);
  (* keep *) wire signed [6:0] second_conv_part_365 = 7'(second_conv_part_356) - {second_conv_part_351, 2'd0};
  (* keep *) wire signed [7:0] second_conv_part_366 = 8'(second_conv_part_362) + 8'(second_conv_part_363);
  (* keep *) wire signed [8:0] second_conv_2_2_0 = 9'(second_conv_part_366) + {8'(second_conv_part_365), 1'd0};
  (* keep *) wire [2:0] second_conv_part_370 = 3'(relu_quantize_2_1_0_d1) + {relu_quantize_3_1_0, 1'd0};
  reg [2:0] second_conv_part_370_d1;
  always @(posedge clk) second_conv_part_370_d1 <= second_conv_part_370;
  (* keep *) wire signed [3:0] second_conv_part_371 = 4'(relu_quantize_2_1_1_d2) - 4'(second_conv_part_370_d1);
  (* keep *) wire signed [4:0] second_conv_part_373 = 5'(second_conv_part_352) - {4'(relu_quantize_3_1_1_d1), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_374 = second_conv_part_343 + 7'(second_conv_part_371);
  (* keep *) wire signed [6:0] second_conv_part_376 = 7'(second_conv_part_348) - {second_conv_part_349, 3'd0};
  (* keep *) wire signed [5:0] second_conv_part_377 = 6'(second_conv_part_354) + 6'(second_conv_part_373);
  (* keep *) wire signed [7:0] second_conv_part_379 = 8'(second_conv_part_374) - {7'(second_conv_part_351), 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_381 = 8'(second_conv_part_377) + {6'(second_conv_part_356), 2'd0};
  (* keep *) wire signed [7:0] second_conv_part_382 = second_conv_part_379 - 8'(second_conv_part_376);
  (* keep *) wire signed [8:0] second_conv_2_2_1 = 9'(second_conv_part_381) + 9'(second_conv_part_382);
  // relu.quantize
  reg [1:0] relu_quantize_3_3_0_d1;
  always @(posedge clk) relu_quantize_3_3_0_d1 <= relu_quantize_3_3_0;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_386 = 4'(relu_quantize_3_3_0_d1) - {relu_quantize_2_3_0_d2, 2'd0};
  (* keep *) wire signed [3:0] second_conv_part_387 = 4'(relu_quantize_1_3_1_d2) - 4'(relu_quantize_3_3_1_d1);
  (* keep *) wire signed [4:0] second_conv_part_388 = 5'(second_conv_part_387) - 5'(second_conv_part_386);
  (* keep *) wire signed [3:0] second_conv_part_389 = 4'(relu_quantize_1_3_0_d2) - 4'(relu_quantize_2_2_1_d2);
  (* keep *) wire signed [3:0] second_conv_part_390 = 4'(relu_quantize_3_2_1_d1) + second_conv_part_389;
  reg [2:0] second_conv_part_69_d2;
  always @(posedge clk) second_conv_part_69_d2 <= second_conv_part_69_d1;
  reg [2:0] second_conv_part_69_d3;
  always @(posedge clk) second_conv_part_69_d3 <= second_conv_part_69_d2;
  // relu.quantize
  reg [2:0] relu_quantize_2_3_1_d3;
  always @(posedge clk) relu_quantize_2_3_1_d3 <= relu_quantize_2_3_1_d2;
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_392 = 5'(second_conv_part_69_d3) - {4'(relu_quantize_2_3_1_d3), 1'd0};
  (* keep *) wire [3:0] second_conv_part_394 = 4'(relu_quantize_2_3_0_d2) + {relu_quantize_3_2_0_d1, 2'd0};
  (* keep *) wire signed [4:0] second_conv_part_395 = 5'(second_conv_part_394) - {4'(relu_quantize_2_3_1_d2), 1'd0};
  reg signed [3:0] second_conv_part_390_d1;
  always @(posedge clk) second_conv_part_390_d1 <= second_conv_part_390;
  reg signed [4:0] second_conv_part_395_d1;
  always @(posedge clk) second_conv_part_395_d1 <= second_conv_part_395;
  (* keep *) wire signed [5:0] second_conv_part_396 = 6'(second_conv_part_390_d1) + 6'(second_conv_part_395_d1);
  reg signed [4:0] second_conv_part_388_d1;
  always @(posedge clk) second_conv_part_388_d1 <= second_conv_part_388;
  (* keep *) wire signed [5:0] second_conv_part_398 = 6'(second_conv_part_388_d1) + {second_conv_part_392, 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_400 = 8'(second_conv_part_396) - {5'(second_conv_part_390_d1), 3'd0};
  (* keep *) wire signed [7:0] second_conv_2_3_0 = 8'(second_conv_part_398) + second_conv_part_400;
  (* keep *) wire [2:0] second_conv_part_403 = 3'(relu_quantize_2_2_0_d2) + {relu_quantize_3_2_0_d1, 1'd0};
  (* keep *) wire [3:0] second_conv_part_404 = 4'(relu_quantize_1_2_1_d2) + 4'(relu_quantize_2_2_1_d2);
  (* keep *) wire [4:0] second_conv_part_406 = 5'(second_conv_part_403) + {4'(relu_quantize_3_2_1_d1), 1'd0};
  // relu.quantize
  reg [2:0] relu_quantize_2_2_1_d3;
  always @(posedge clk) relu_quantize_2_2_1_d3 <= relu_quantize_2_2_1_d2;
  // second.conv
  (* keep *) wire signed [6:0] second_conv_part_408 = {6'(relu_quantize_2_3_1_d3), 1'd0} - {4'(relu_quantize_2_2_1_d3), 3'd0};
  (* keep *) wire signed [4:0] second_conv_part_409 = 5'(second_conv_part_404) - second_conv_part_406;
  (* keep *) wire signed [6:0] second_conv_part_410 = second_conv_part_408 - 7'(second_conv_part_388_d1);
  reg signed [4:0] second_conv_part_409_d1;
  always @(posedge clk) second_conv_part_409_d1 <= second_conv_part_409;
  (* keep *) wire signed [5:0] second_conv_part_412 = 6'(second_conv_part_409_d1) - {5'(second_conv_part_390_d1), 1'd0};
  (* keep *) wire signed [7:0] second_conv_part_414 = 8'(second_conv_part_412) + {6'(second_conv_part_392), 2'd0};
  (* keep *) wire signed [7:0] second_conv_2_3_1 = 8'(second_conv_part_410) + second_conv_part_414;
  // relu.quantize
  reg [2:0] relu_quantize_2_1_1_d3;
  always @(posedge clk) relu_quantize_2_1_1_d3 <= relu_quantize_2_1_1_d2;
  // second.conv
  (* keep *) wire signed [6:0] second_conv_part_417 = 7'(relu_quantize_2_1_1_d3) - {4'(relu_quantize_2_1_1_d3), 3'd0};
  // relu.quantize
  reg [2:0] relu_quantize_2_0_1_d3;
  always @(posedge clk) relu_quantize_2_0_1_d3 <= relu_quantize_2_0_1_d2;
  reg [1:0] relu_quantize_3_0_0_d2;
  always @(posedge clk) relu_quantize_3_0_0_d2 <= relu_quantize_3_0_0_d1;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_418 = 4'(relu_quantize_2_0_1_d3) + {relu_quantize_3_0_0_d2, 2'd0};
  // relu.quantize
  reg [1:0] relu_quantize_2_1_0_d3;
  always @(posedge clk) relu_quantize_2_1_0_d3 <= relu_quantize_2_1_0_d2;
  reg [2:0] relu_quantize_3_0_1_d2;
  always @(posedge clk) relu_quantize_3_0_1_d2 <= relu_quantize_3_0_1_d1;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_419 = 4'(relu_quantize_2_1_0_d3) + {relu_quantize_3_0_1_d2, 1'd0};
  // relu.quantize
  reg [2:0] relu_quantize_3_1_1_d2;
  always @(posedge clk) relu_quantize_3_1_1_d2 <= relu_quantize_3_1_1_d1;
  reg [1:0] relu_quantize_3_1_0_d2;
  always @(posedge clk) relu_quantize_3_1_0_d2 <= relu_quantize_3_1_0_d1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_420 = 4'(relu_quantize_3_1_1_d2) - 4'(relu_quantize_3_1_0_d2);
  (* keep *) wire signed [4:0] second_conv_part_421 = 5'(second_conv_part_420) - 5'(second_conv_part_419);
  // relu.quantize
  reg [1:0] relu_quantize_2_0_0_d3;
  always @(posedge clk) relu_quantize_2_0_0_d3 <= relu_quantize_2_0_0_d2;
  // second.conv
  (* keep *) wire [2:0] second_conv_part_422 = 3'(relu_quantize_2_0_0_d3) + 3'(relu_quantize_3_0_0_d2);
  (* keep *) wire signed [4:0] second_conv_part_424 = 5'(second_conv_part_422) - {relu_quantize_2_0_0_d3, 3'd0};
  (* keep *) wire signed [4:0] second_conv_part_425 = 5'(relu_quantize_3_0_1_d2) - {4'(relu_quantize_3_1_1_d2), 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_426 = 6'(second_conv_part_418) + 6'(second_conv_part_424);
  (* keep *) wire signed [6:0] second_conv_part_428 = second_conv_part_417 - {6'(second_conv_part_425), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_430 = 7'(second_conv_part_426) + {6'(second_conv_part_421), 1'd0};
  (* keep *) wire signed [7:0] second_conv_3_0_0 = 8'(second_conv_part_428) + 8'(second_conv_part_430);
  (* keep *) wire [4:0] second_conv_part_432 = {4'(relu_quantize_2_0_0_d3), 1'd0} + 5'(second_conv_part_418);
  (* keep *) wire signed [5:0] second_conv_part_433 = 6'(second_conv_part_419) + 6'(second_conv_part_420);
  (* keep *) wire signed [6:0] second_conv_part_434 = second_conv_part_417 - 7'(second_conv_part_432);
  (* keep *) wire signed [6:0] second_conv_part_436 = 7'(second_conv_part_433) + {second_conv_part_421, 2'd0};
  (* keep *) wire signed [7:0] second_conv_3_0_1 = 8'(second_conv_part_434) + 8'(second_conv_part_436);
  (* keep *) wire signed [6:0] second_conv_part_438 = 7'(relu_quantize_2_2_1_d3) - {4'(relu_quantize_2_2_1_d3), 3'd0};
  (* keep *) wire [3:0] second_conv_part_439 = 4'(relu_quantize_2_1_1_d3) + {relu_quantize_3_1_0_d2, 2'd0};
  (* keep *) wire signed [3:0] second_conv_part_440 = 4'(relu_quantize_2_1_0_d3) - 4'(relu_quantize_3_0_1_d2);
  // relu.quantize
  reg [1:0] relu_quantize_2_2_0_d3;
  always @(posedge clk) relu_quantize_2_2_0_d3 <= relu_quantize_2_2_0_d2;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_441 = 4'(relu_quantize_2_2_0_d3) + {relu_quantize_3_1_1_d2, 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_3_2_0_d2;
  always @(posedge clk) relu_quantize_3_2_0_d2 <= relu_quantize_3_2_0_d1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_442 = 4'(relu_quantize_2_0_1_d3) - 4'(relu_quantize_3_2_0_d2);
  // relu.quantize
  reg [2:0] relu_quantize_3_2_1_d2;
  always @(posedge clk) relu_quantize_3_2_1_d2 <= relu_quantize_3_2_1_d1;
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_443 = 5'(relu_quantize_3_2_1_d2) + 5'(second_conv_part_442);
  (* keep *) wire signed [4:0] second_conv_part_444 = 5'(relu_quantize_2_0_0_d3) - 5'(second_conv_part_441);
  (* keep *) wire signed [4:0] second_conv_part_445 = second_conv_part_443 + second_conv_part_444;
  (* keep *) wire signed [4:0] second_conv_part_446 = 5'(relu_quantize_3_1_0_d2) - {4'(relu_quantize_3_1_1_d2), 1'd0};
  (* keep *) wire [5:0] second_conv_part_448 = 6'(second_conv_part_439) + {4'(relu_quantize_3_2_1_d2), 2'd0};
  (* keep *) wire signed [4:0] second_conv_part_449 = 5'(second_conv_part_440) + second_conv_part_446;
  (* keep *) wire signed [6:0] second_conv_part_451 = second_conv_part_438 - {second_conv_part_440, 3'd0};
  (* keep *) wire signed [6:0] second_conv_part_452 = 7'(second_conv_part_448) + 7'(second_conv_part_449);
  (* keep *) wire signed [7:0] second_conv_part_454 = 8'(second_conv_part_451) + {7'(second_conv_part_445), 1'd0};
  (* keep *) wire signed [7:0] second_conv_3_1_0 = 8'(second_conv_part_452) + second_conv_part_454;
  (* keep *) wire signed [3:0] second_conv_part_456 = 4'(relu_quantize_3_0_1_d2) - 4'(relu_quantize_3_0_0_d2);
  (* keep *) wire [5:0] second_conv_part_458 = 6'(second_conv_part_439) + {relu_quantize_3_0_1_d2, 3'd0};
  (* keep *) wire signed [5:0] second_conv_part_459 = 6'(second_conv_part_441) + 6'(second_conv_part_456);
  (* keep *) wire signed [6:0] second_conv_part_461 = second_conv_part_438 - {6'(second_conv_part_440), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_462 = 7'(second_conv_part_443) - 7'(second_conv_part_458);
  (* keep *) wire signed [6:0] second_conv_part_463 = 7'(second_conv_part_459) + second_conv_part_461;
  (* keep *) wire signed [7:0] second_conv_part_465 = 8'(second_conv_part_462) + {6'(second_conv_part_445), 2'd0};
  (* keep *) wire signed [8:0] second_conv_3_1_1 = 9'(second_conv_part_463) + 9'(second_conv_part_465);
  (* keep *) wire signed [6:0] second_conv_part_468 = 7'(relu_quantize_2_3_1_d3) - {4'(relu_quantize_2_3_1_d3), 3'd0};
  (* keep *) wire [3:0] second_conv_part_469 = 4'(relu_quantize_2_2_1_d3) + {relu_quantize_3_2_0_d2, 2'd0};
  (* keep *) wire signed [3:0] second_conv_part_470 = 4'(relu_quantize_2_2_0_d3) - 4'(relu_quantize_3_1_1_d2);
  // relu.quantize
  reg [1:0] relu_quantize_2_3_0_d3;
  always @(posedge clk) relu_quantize_2_3_0_d3 <= relu_quantize_2_3_0_d2;
  // second.conv
  (* keep *) wire [3:0] second_conv_part_471 = 4'(relu_quantize_2_3_0_d3) + {relu_quantize_3_2_1_d2, 1'd0};
  // relu.quantize
  reg [1:0] relu_quantize_3_3_0_d2;
  always @(posedge clk) relu_quantize_3_3_0_d2 <= relu_quantize_3_3_0_d1;
  // second.conv
  (* keep *) wire signed [3:0] second_conv_part_472 = 4'(relu_quantize_2_1_1_d3) - 4'(relu_quantize_3_3_0_d2);
  // relu.quantize
  reg [2:0] relu_quantize_3_3_1_d2;
  always @(posedge clk) relu_quantize_3_3_1_d2 <= relu_quantize_3_3_1_d1;
  // second.conv
  (* keep *) wire signed [4:0] second_conv_part_473 = 5'(relu_quantize_3_3_1_d2) + 5'(second_conv_part_472);
  (* keep *) wire signed [4:0] second_conv_part_474 = 5'(relu_quantize_2_1_0_d3) - 5'(second_conv_part_471);
  (* keep *) wire signed [4:0] second_conv_part_475 = second_conv_part_473 + second_conv_part_474;
  (* keep *) wire signed [4:0] second_conv_part_476 = 5'(relu_quantize_3_2_0_d2) - {4'(relu_quantize_3_2_1_d2), 1'd0};
  (* keep *) wire [5:0] second_conv_part_478 = 6'(second_conv_part_469) + {4'(relu_quantize_3_3_1_d2), 2'd0};
  (* keep *) wire signed [4:0] second_conv_part_479 = 5'(second_conv_part_470) + second_conv_part_476;
  (* keep *) wire signed [6:0] second_conv_part_481 = second_conv_part_468 - {second_conv_part_470, 3'd0};
  (* keep *) wire signed [6:0] second_conv_part_482 = 7'(second_conv_part_478) + 7'(second_conv_part_479);
  (* keep *) wire signed [7:0] second_conv_part_484 = 8'(second_conv_part_481) + {7'(second_conv_part_475), 1'd0};
  (* keep *) wire signed [7:0] second_conv_3_2_0 = 8'(second_conv_part_482) + second_conv_part_484;
  (* keep *) wire signed [6:0] second_conv_part_487 = 7'(second_conv_part_420) - {4'(relu_quantize_3_1_1_d2), 3'd0};
  (* keep *) wire signed [4:0] second_conv_part_488 = 5'(second_conv_part_471) - 5'(second_conv_part_469);
  (* keep *) wire signed [6:0] second_conv_part_490 = second_conv_part_468 - {6'(second_conv_part_470), 1'd0};
  (* keep *) wire signed [5:0] second_conv_part_491 = 6'(second_conv_part_473) + 6'(second_conv_part_488);
  (* keep *) wire signed [7:0] second_conv_part_492 = 8'(second_conv_part_487) + 8'(second_conv_part_490);
  (* keep *) wire signed [7:0] second_conv_part_494 = 8'(second_conv_part_491) + {6'(second_conv_part_475), 2'd0};
  (* keep *) wire signed [8:0] second_conv_3_2_1 = 9'(second_conv_part_492) + 9'(second_conv_part_494);
  (* keep *) wire [3:0] second_conv_part_498 = 4'(relu_quantize_2_3_1_d3) + {relu_quantize_3_3_0_d2, 2'd0};
  (* keep *) wire signed [3:0] second_conv_part_499 = 4'(relu_quantize_2_3_0_d3) - 4'(relu_quantize_3_2_1_d2);
  (* keep *) wire [2:0] second_conv_part_501 = 3'(relu_quantize_2_2_0_d3) + relu_quantize_2_2_1_d3;
  (* keep *) wire signed [4:0] second_conv_part_502 = 5'(second_conv_part_501) - {4'(relu_quantize_3_3_1_d2), 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_503 = 5'(relu_quantize_3_3_0_d2) - {4'(relu_quantize_3_3_1_d2), 1'd0};
  (* keep *) wire signed [4:0] second_conv_part_504 = 5'(second_conv_part_498) + 5'(second_conv_part_499);
  (* keep *) wire signed [6:0] second_conv_part_506 = 7'(second_conv_part_503) - {second_conv_part_499, 3'd0};
  (* keep *) wire signed [5:0] second_conv_part_508 = 6'(second_conv_part_504) + {second_conv_part_502, 1'd0};
  (* keep *) wire signed [7:0] second_conv_3_3_0 = 8'(second_conv_part_506) + 8'(second_conv_part_508);
  (* keep *) wire signed [3:0] second_conv_part_510 = 4'(relu_quantize_2_2_1_d3) - 4'(relu_quantize_3_2_0_d2);
  (* keep *) wire [3:0] second_conv_part_511 = 4'(relu_quantize_3_2_1_d2) + {relu_quantize_3_3_1_d2, 1'd0};
  (* keep *) wire [5:0] second_conv_part_513 = 6'(second_conv_part_498) + {relu_quantize_3_2_1_d2, 3'd0};
  (* keep *) wire signed [5:0] second_conv_part_514 = 6'(second_conv_part_510) + 6'(second_conv_part_511);
  (* keep *) wire signed [6:0] second_conv_part_516 = 7'(second_conv_part_513) + {6'(second_conv_part_499), 1'd0};
  (* keep *) wire signed [6:0] second_conv_part_518 = 7'(second_conv_part_514) + {second_conv_part_502, 2'd0};
  (* keep *) wire signed [7:0] second_conv_3_3_1 = 8'(second_conv_part_518) - 8'(second_conv_part_516);
  // second.add
  (* keep *) wire signed [7:0] second_add_0_0_1 = 8'd232 + second_conv_0_0_1;
  (* keep *) wire signed [8:0] second_add_0_1_1 = 9'd488 + second_conv_0_1_1;
  (* keep *) wire signed [8:0] second_add_0_2_1 = 9'd488 + second_conv_0_2_1;
  // second.conv
  reg signed [7:0] second_conv_0_3_1_d1;
  always @(posedge clk) second_conv_0_3_1_d1 <= second_conv_0_3_1;
  // second.add
  (* keep *) wire signed [8:0] second_add_0_3_1 = 9'd488 + 9'(second_conv_0_3_1_d1);
  // second.conv
  reg signed [7:0] second_conv_1_0_1_d1;
  always @(posedge clk) second_conv_1_0_1_d1 <= second_conv_1_0_1;
  // second.add
  (* keep *) wire signed [8:0] second_add_1_0_1 = 9'd488 + 9'(second_conv_1_0_1_d1);
  // second.conv
  reg signed [8:0] second_conv_1_1_1_d1;
  always @(posedge clk) second_conv_1_1_1_d1 <= second_conv_1_1_1;
  // second.add
  (* keep *) wire signed [8:0] second_add_1_1_1 = 9'd488 + second_conv_1_1_1_d1;
  // second.conv
  reg signed [8:0] second_conv_1_2_1_d1;
  always @(posedge clk) second_conv_1_2_1_d1 <= second_conv_1_2_1;
  // second.add
  (* keep *) wire signed [8:0] second_add_1_2_1 = 9'd488 + second_conv_1_2_1_d1;
  (* keep *) wire signed [8:0] second_add_1_3_1 = 9'd488 + 9'(second_conv_1_3_1);
  // second.conv
  reg signed [7:0] second_conv_2_0_1_d1;
  always @(posedge clk) second_conv_2_0_1_d1 <= second_conv_2_0_1;
  // second.add
  (* keep *) wire signed [8:0] second_add_2_0_1 = 9'd488 + 9'(second_conv_2_0_1_d1);
  // second.conv
  reg signed [8:0] second_conv_2_1_1_d1;
  always @(posedge clk) second_conv_2_1_1_d1 <= second_conv_2_1_1;
  // second.add
  (* keep *) wire signed [8:0] second_add_2_1_1 = 9'd488 + second_conv_2_1_1_d1;
  // second.conv
  reg signed [8:0] second_conv_2_2_1_d1;
  always @(posedge clk) second_conv_2_2_1_d1 <= second_conv_2_2_1;
  // second.add
  (* keep *) wire signed [8:0] second_add_2_2_1 = 9'd488 + second_conv_2_2_1_d1;
  (* keep *) wire signed [8:0] second_add_2_3_1 = 9'd488 + 9'(second_conv_2_3_1);
  (* keep *) wire signed [8:0] second_add_3_0_1 = 9'd488 + 9'(second_conv_3_0_1);
  // second.conv
  reg signed [8:0] second_conv_3_1_1_d1;
  always @(posedge clk) second_conv_3_1_1_d1 <= second_conv_3_1_1;
  // second.add
  (* keep *) wire signed [8:0] second_add_3_1_1 = 9'd488 + second_conv_3_1_1_d1;
  // second.conv
  reg signed [8:0] second_conv_3_2_1_d1;
  always @(posedge clk) second_conv_3_2_1_d1 <= second_conv_3_2_1;
  // second.add
  (* keep *) wire signed [8:0] second_add_3_2_1 = 9'd488 + second_conv_3_2_1_d1;
  (* keep *) wire signed [7:0] second_add_3_3_1 = 8'd232 + second_conv_3_3_1;
  // second.conv
  reg signed [7:0] second_conv_0_0_0_d1;
  always @(posedge clk) second_conv_0_0_0_d1 <= second_conv_0_0_0;
  // rounded.quantize
  wire signed [4:0] rounded_quantize_part_0 = second_conv_0_0_0_d1[7:3];
  wire signed [5:0] rounded_quantize_part_1 = second_conv_0_0_0_d1[7:2];
  wire rounded_quantize_part_2 = rounded_quantize_part_1[0];
  wire rounded_quantize_part_3 = rounded_quantize_part_0[0];
  wire [1:0] rounded_quantize_part_4 = second_conv_0_0_0[1:0];
  wire rounded_quantize_part_5 = |rounded_quantize_part_4;
  reg rounded_quantize_part_5_d1;
  always @(posedge clk) rounded_quantize_part_5_d1 <= rounded_quantize_part_5;
  wire rounded_quantize_part_6 = rounded_quantize_part_3 | rounded_quantize_part_5_d1;
  wire rounded_quantize_part_7 = rounded_quantize_part_2 & rounded_quantize_part_6;
  (* keep *) wire signed [4:0] rounded_quantize_part_8 = rounded_quantize_part_0 + 5'(rounded_quantize_part_7);
  // second.add
  reg signed [7:0] second_add_0_0_1_d1;
  always @(posedge clk) second_add_0_0_1_d1 <= second_add_0_0_1;
  // rounded.quantize
  wire signed [4:0] rounded_quantize_part_9 = second_add_0_0_1_d1[7:3];
  wire signed [5:0] rounded_quantize_part_10 = second_add_0_0_1_d1[7:2];
  wire rounded_quantize_part_11 = rounded_quantize_part_10[0];
  wire rounded_quantize_part_12 = rounded_quantize_part_9[0];
  wire [1:0] rounded_quantize_part_13 = second_add_0_0_1[1:0];
  wire rounded_quantize_part_14 = |rounded_quantize_part_13;
  reg rounded_quantize_part_14_d1;
  always @(posedge clk) rounded_quantize_part_14_d1 <= rounded_quantize_part_14;
  wire rounded_quantize_part_15 = rounded_quantize_part_12 | rounded_quantize_part_14_d1;
  wire rounded_quantize_part_16 = rounded_quantize_part_11 & rounded_quantize_part_15;
  (* keep *) wire signed [4:0] rounded_quantize_part_17 = rounded_quantize_part_9 + 5'(rounded_quantize_part_16);
  // second.conv
  reg signed [8:0] second_conv_0_1_0_d1;
  always @(posedge clk) second_conv_0_1_0_d1 <= second_conv_0_1_0;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_18 = second_conv_0_1_0_d1[8:3];
  wire signed [6:0] rounded_quantize_part_19 = second_conv_0_1_0_d1[8:2];
  wire rounded_quantize_part_20 = rounded_quantize_part_19[0];
  wire rounded_quantize_part_21 = rounded_quantize_part_18[0];
  wire [1:0] rounded_quantize_part_22 = second_conv_0_1_0[1:0];
  wire rounded_quantize_part_23 = |rounded_quantize_part_22;
  reg rounded_quantize_part_23_d1;
  always @(posedge clk) rounded_quantize_part_23_d1 <= rounded_quantize_part_23;
  wire rounded_quantize_part_24 = rounded_quantize_part_21 | rounded_quantize_part_23_d1;
  wire rounded_quantize_part_25 = rounded_quantize_part_20 & rounded_quantize_part_24;
  (* keep *) wire signed [5:0] rounded_quantize_part_26 = rounded_quantize_part_18 + 6'(rounded_quantize_part_25);
  // second.add
  reg signed [8:0] second_add_0_1_1_d1;
  always @(posedge clk) second_add_0_1_1_d1 <= second_add_0_1_1;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_27 = second_add_0_1_1_d1[8:3];
  wire signed [6:0] rounded_quantize_part_28 = second_add_0_1_1_d1[8:2];
  wire rounded_quantize_part_29 = rounded_quantize_part_28[0];
  wire rounded_quantize_part_30 = rounded_quantize_part_27[0];
  wire [1:0] rounded_quantize_part_31 = second_add_0_1_1[1:0];
  wire rounded_quantize_part_32 = |rounded_quantize_part_31;
  reg rounded_quantize_part_32_d1;
  always @(posedge clk) rounded_quantize_part_32_d1 <= rounded_quantize_part_32;
  wire rounded_quantize_part_33 = rounded_quantize_part_30 | rounded_quantize_part_32_d1;
  wire rounded_quantize_part_34 = rounded_quantize_part_29 & rounded_quantize_part_33;
  (* keep *) wire signed [5:0] rounded_quantize_part_35 = rounded_quantize_part_27 + 6'(rounded_quantize_part_34);
  // second.conv
  reg signed [8:0] second_conv_0_2_0_d1;
  always @(posedge clk) second_conv_0_2_0_d1 <= second_conv_0_2_0;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_36 = second_conv_0_2_0_d1[8:3];
  wire signed [6:0] rounded_quantize_part_37 = second_conv_0_2_0_d1[8:2];
  wire rounded_quantize_part_38 = rounded_quantize_part_37[0];
  wire rounded_quantize_part_39 = rounded_quantize_part_36[0];
  wire [1:0] rounded_quantize_part_40 = second_conv_0_2_0_d1[1:0];
  wire rounded_quantize_part_41 = |rounded_quantize_part_40;
  wire rounded_quantize_part_42 = rounded_quantize_part_39 | rounded_quantize_part_41;
  wire rounded_quantize_part_43 = rounded_quantize_part_38 & rounded_quantize_part_42;
  (* keep *) wire signed [5:0] rounded_quantize_part_44 = rounded_quantize_part_36 + 6'(rounded_quantize_part_43);
  // second.add
  reg signed [8:0] second_add_0_2_1_d1;
  always @(posedge clk) second_add_0_2_1_d1 <= second_add_0_2_1;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_45 = second_add_0_2_1_d1[8:3];
  wire signed [6:0] rounded_quantize_part_46 = second_add_0_2_1_d1[8:2];
  wire rounded_quantize_part_47 = rounded_quantize_part_46[0];
  wire rounded_quantize_part_48 = rounded_quantize_part_45[0];
  wire [1:0] rounded_quantize_part_49 = second_add_0_2_1_d1[1:0];
  wire rounded_quantize_part_50 = |rounded_quantize_part_49;
  wire rounded_quantize_part_51 = rounded_quantize_part_48 | rounded_quantize_part_50;
  wire rounded_quantize_part_52 = rounded_quantize_part_47 & rounded_quantize_part_51;
  (* keep *) wire signed [5:0] rounded_quantize_part_53 = rounded_quantize_part_45 + 6'(rounded_quantize_part_52);
  // second.conv
  reg signed [7:0] second_conv_0_3_0_d1;
  always @(posedge clk) second_conv_0_3_0_d1 <= second_conv_0_3_0;
  // rounded.quantize
  wire signed [4:0] rounded_quantize_part_54 = second_conv_0_3_0_d1[7:3];
  wire signed [5:0] rounded_quantize_part_55 = second_conv_0_3_0_d1[7:2];
  wire rounded_quantize_part_56 = rounded_quantize_part_55[0];
  wire rounded_quantize_part_57 = rounded_quantize_part_54[0];
  wire [1:0] rounded_quantize_part_58 = second_conv_0_3_0_d1[1:0];
  wire rounded_quantize_part_59 = |rounded_quantize_part_58;
  wire rounded_quantize_part_60 = rounded_quantize_part_57 | rounded_quantize_part_59;
  wire rounded_quantize_part_61 = rounded_quantize_part_56 & rounded_quantize_part_60;
  (* keep *) wire signed [4:0] rounded_quantize_part_62 = rounded_quantize_part_54 + 5'(rounded_quantize_part_61);
  wire signed [5:0] rounded_quantize_part_63 = second_add_0_3_1[8:3];
  wire signed [6:0] rounded_quantize_part_64 = second_add_0_3_1[8:2];
  wire rounded_quantize_part_65 = rounded_quantize_part_64[0];
  wire rounded_quantize_part_66 = rounded_quantize_part_63[0];
  wire [1:0] rounded_quantize_part_67 = second_add_0_3_1[1:0];
  wire rounded_quantize_part_68 = |rounded_quantize_part_67;
  wire rounded_quantize_part_69 = rounded_quantize_part_66 | rounded_quantize_part_68;
  wire rounded_quantize_part_70 = rounded_quantize_part_65 & rounded_quantize_part_69;
  (* keep *) wire signed [5:0] rounded_quantize_part_71 = rounded_quantize_part_63 + 6'(rounded_quantize_part_70);
  // second.conv
  reg signed [8:0] second_conv_1_0_0_d1;
  always @(posedge clk) second_conv_1_0_0_d1 <= second_conv_1_0_0;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_72 = second_conv_1_0_0_d1[8:3];
  wire signed [6:0] rounded_quantize_part_73 = second_conv_1_0_0_d1[8:2];
  wire rounded_quantize_part_74 = rounded_quantize_part_73[0];
  wire rounded_quantize_part_75 = rounded_quantize_part_72[0];
  wire [1:0] rounded_quantize_part_76 = second_conv_1_0_0_d1[1:0];
  wire rounded_quantize_part_77 = |rounded_quantize_part_76;
  wire rounded_quantize_part_78 = rounded_quantize_part_75 | rounded_quantize_part_77;
  wire rounded_quantize_part_79 = rounded_quantize_part_74 & rounded_quantize_part_78;
  (* keep *) wire signed [5:0] rounded_quantize_part_80 = rounded_quantize_part_72 + 6'(rounded_quantize_part_79);
  wire signed [5:0] rounded_quantize_part_81 = second_add_1_0_1[8:3];
  wire signed [6:0] rounded_quantize_part_82 = second_add_1_0_1[8:2];
  wire rounded_quantize_part_83 = rounded_quantize_part_82[0];
  wire rounded_quantize_part_84 = rounded_quantize_part_81[0];
  wire [1:0] rounded_quantize_part_85 = second_add_1_0_1[1:0];
  wire rounded_quantize_part_86 = |rounded_quantize_part_85;
  wire rounded_quantize_part_87 = rounded_quantize_part_84 | rounded_quantize_part_86;
  wire rounded_quantize_part_88 = rounded_quantize_part_83 & rounded_quantize_part_87;
  (* keep *) wire signed [5:0] rounded_quantize_part_89 = rounded_quantize_part_81 + 6'(rounded_quantize_part_88);
  // second.conv
  reg signed [8:0] second_conv_1_1_0_d1;
  always @(posedge clk) second_conv_1_1_0_d1 <= second_conv_1_1_0;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_90 = second_conv_1_1_0_d1[8:3];
  wire signed [6:0] rounded_quantize_part_91 = second_conv_1_1_0_d1[8:2];
  wire rounded_quantize_part_92 = rounded_quantize_part_91[0];
  wire rounded_quantize_part_93 = rounded_quantize_part_90[0];
  wire [1:0] rounded_quantize_part_94 = second_conv_1_1_0_d1[1:0];
  wire rounded_quantize_part_95 = |rounded_quantize_part_94;
  wire rounded_quantize_part_96 = rounded_quantize_part_93 | rounded_quantize_part_95;
  wire rounded_quantize_part_97 = rounded_quantize_part_92 & rounded_quantize_part_96;
  (* keep *) wire signed [5:0] rounded_quantize_part_98 = rounded_quantize_part_90 + 6'(rounded_quantize_part_97);
  wire signed [5:0] rounded_quantize_part_99 = second_add_1_1_1[8:3];
  wire signed [6:0] rounded_quantize_part_100 = second_add_1_1_1[8:2];
  wire rounded_quantize_part_101 = rounded_quantize_part_100[0];
  wire rounded_quantize_part_102 = rounded_quantize_part_99[0];
  wire [1:0] rounded_quantize_part_103 = second_add_1_1_1[1:0];
  wire rounded_quantize_part_104 = |rounded_quantize_part_103;
  wire rounded_quantize_part_105 = rounded_quantize_part_102 | rounded_quantize_part_104;
  wire rounded_quantize_part_106 = rounded_quantize_part_101 & rounded_quantize_part_105;
  (* keep *) wire signed [5:0] rounded_quantize_part_107 = rounded_quantize_part_99 + 6'(rounded_quantize_part_106);
  // second.conv
  reg signed [8:0] second_conv_1_2_0_d1;
  always @(posedge clk) second_conv_1_2_0_d1 <= second_conv_1_2_0;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_108 = second_conv_1_2_0_d1[8:3];
  wire signed [6:0] rounded_quantize_part_109 = second_conv_1_2_0_d1[8:2];
  wire rounded_quantize_part_110 = rounded_quantize_part_109[0];
  wire rounded_quantize_part_111 = rounded_quantize_part_108[0];
  wire [1:0] rounded_quantize_part_112 = second_conv_1_2_0_d1[1:0];
  wire rounded_quantize_part_113 = |rounded_quantize_part_112;
  wire rounded_quantize_part_114 = rounded_quantize_part_111 | rounded_quantize_part_113;
  wire rounded_quantize_part_115 = rounded_quantize_part_110 & rounded_quantize_part_114;
  (* keep *) wire signed [5:0] rounded_quantize_part_116 = rounded_quantize_part_108 + 6'(rounded_quantize_part_115);
  wire signed [5:0] rounded_quantize_part_117 = second_add_1_2_1[8:3];
  wire signed [6:0] rounded_quantize_part_118 = second_add_1_2_1[8:2];
  wire rounded_quantize_part_119 = rounded_quantize_part_118[0];
  wire rounded_quantize_part_120 = rounded_quantize_part_117[0];
  wire [1:0] rounded_quantize_part_121 = second_add_1_2_1[1:0];
  wire rounded_quantize_part_122 = |rounded_quantize_part_121;
  wire rounded_quantize_part_123 = rounded_quantize_part_120 | rounded_quantize_part_122;
  wire rounded_quantize_part_124 = rounded_quantize_part_119 & rounded_quantize_part_123;
  (* keep *) wire signed [5:0] rounded_quantize_part_125 = rounded_quantize_part_117 + 6'(rounded_quantize_part_124);
  // second.conv
  reg signed [7:0] second_conv_1_3_0_d1;
  always @(posedge clk) second_conv_1_3_0_d1 <= second_conv_1_3_0;
  // rounded.quantize
  wire signed [4:0] rounded_quantize_part_126 = second_conv_1_3_0_d1[7:3];
  wire signed [5:0] rounded_quantize_part_127 = second_conv_1_3_0_d1[7:2];
  wire rounded_quantize_part_128 = rounded_quantize_part_127[0];
  wire rounded_quantize_part_129 = rounded_quantize_part_126[0];
  wire [1:0] rounded_quantize_part_130 = second_conv_1_3_0_d1[1:0];
  wire rounded_quantize_part_131 = |rounded_quantize_part_130;
  wire rounded_quantize_part_132 = rounded_quantize_part_129 | rounded_quantize_part_131;
  wire rounded_quantize_part_133 = rounded_quantize_part_128 & rounded_quantize_part_132;
  (* keep *) wire signed [4:0] rounded_quantize_part_134 = rounded_quantize_part_126 + 5'(rounded_quantize_part_133);
  // second.add
  reg signed [8:0] second_add_1_3_1_d1;
  always @(posedge clk) second_add_1_3_1_d1 <= second_add_1_3_1;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_135 = second_add_1_3_1_d1[8:3];
  wire signed [6:0] rounded_quantize_part_136 = second_add_1_3_1_d1[8:2];
  wire rounded_quantize_part_137 = rounded_quantize_part_136[0];
  wire rounded_quantize_part_138 = rounded_quantize_part_135[0];
  wire [1:0] rounded_quantize_part_139 = second_add_1_3_1_d1[1:0];
  wire rounded_quantize_part_140 = |rounded_quantize_part_139;
  wire rounded_quantize_part_141 = rounded_quantize_part_138 | rounded_quantize_part_140;
  wire rounded_quantize_part_142 = rounded_quantize_part_137 & rounded_quantize_part_141;
  (* keep *) wire signed [5:0] rounded_quantize_part_143 = rounded_quantize_part_135 + 6'(rounded_quantize_part_142);
  // second.conv
  reg signed [8:0] second_conv_2_0_0_d1;
  always @(posedge clk) second_conv_2_0_0_d1 <= second_conv_2_0_0;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_144 = second_conv_2_0_0_d1[8:3];
  wire signed [6:0] rounded_quantize_part_145 = second_conv_2_0_0_d1[8:2];
  wire rounded_quantize_part_146 = rounded_quantize_part_145[0];
  wire rounded_quantize_part_147 = rounded_quantize_part_144[0];
  wire [1:0] rounded_quantize_part_148 = second_conv_2_0_0_d1[1:0];
  wire rounded_quantize_part_149 = |rounded_quantize_part_148;
  wire rounded_quantize_part_150 = rounded_quantize_part_147 | rounded_quantize_part_149;
  wire rounded_quantize_part_151 = rounded_quantize_part_146 & rounded_quantize_part_150;
  (* keep *) wire signed [5:0] rounded_quantize_part_152 = rounded_quantize_part_144 + 6'(rounded_quantize_part_151);
  wire signed [5:0] rounded_quantize_part_153 = second_add_2_0_1[8:3];
  wire signed [6:0] rounded_quantize_part_154 = second_add_2_0_1[8:2];
  wire rounded_quantize_part_155 = rounded_quantize_part_154[0];
  wire rounded_quantize_part_156 = rounded_quantize_part_153[0];
  wire [1:0] rounded_quantize_part_157 = second_add_2_0_1[1:0];
  wire rounded_quantize_part_158 = |rounded_quantize_part_157;
  wire rounded_quantize_part_159 = rounded_quantize_part_156 | rounded_quantize_part_158;
  wire rounded_quantize_part_160 = rounded_quantize_part_155 & rounded_quantize_part_159;
  (* keep *) wire signed [5:0] rounded_quantize_part_161 = rounded_quantize_part_153 + 6'(rounded_quantize_part_160);
  // second.conv
  reg signed [8:0] second_conv_2_1_0_d1;
  always @(posedge clk) second_conv_2_1_0_d1 <= second_conv_2_1_0;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_162 = second_conv_2_1_0_d1[8:3];
  wire signed [6:0] rounded_quantize_part_163 = second_conv_2_1_0_d1[8:2];
  wire rounded_quantize_part_164 = rounded_quantize_part_163[0];
  wire rounded_quantize_part_165 = rounded_quantize_part_162[0];
  wire [1:0] rounded_quantize_part_166 = second_conv_2_1_0_d1[1:0];
  wire rounded_quantize_part_167 = |rounded_quantize_part_166;
  wire rounded_quantize_part_168 = rounded_quantize_part_165 | rounded_quantize_part_167;
  wire rounded_quantize_part_169 = rounded_quantize_part_164 & rounded_quantize_part_168;
  (* keep *) wire signed [5:0] rounded_quantize_part_170 = rounded_quantize_part_162 + 6'(rounded_quantize_part_169);
  wire signed [5:0] rounded_quantize_part_171 = second_add_2_1_1[8:3];
  wire signed [6:0] rounded_quantize_part_172 = second_add_2_1_1[8:2];
  wire rounded_quantize_part_173 = rounded_quantize_part_172[0];
  wire rounded_quantize_part_174 = rounded_quantize_part_171[0];
  wire [1:0] rounded_quantize_part_175 = second_add_2_1_1[1:0];
  wire rounded_quantize_part_176 = |rounded_quantize_part_175;
  wire rounded_quantize_part_177 = rounded_quantize_part_174 | rounded_quantize_part_176;
  wire rounded_quantize_part_178 = rounded_quantize_part_173 & rounded_quantize_part_177;
  (* keep *) wire signed [5:0] rounded_quantize_part_179 = rounded_quantize_part_171 + 6'(rounded_quantize_part_178);
  // second.conv
  reg signed [8:0] second_conv_2_2_0_d1;
  always @(posedge clk) second_conv_2_2_0_d1 <= second_conv_2_2_0;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_180 = second_conv_2_2_0_d1[8:3];
  wire signed [6:0] rounded_quantize_part_181 = second_conv_2_2_0_d1[8:2];
  wire rounded_quantize_part_182 = rounded_quantize_part_181[0];
  wire rounded_quantize_part_183 = rounded_quantize_part_180[0];
  wire [1:0] rounded_quantize_part_184 = second_conv_2_2_0_d1[1:0];
  wire rounded_quantize_part_185 = |rounded_quantize_part_184;
  wire rounded_quantize_part_186 = rounded_quantize_part_183 | rounded_quantize_part_185;
  wire rounded_quantize_part_187 = rounded_quantize_part_182 & rounded_quantize_part_186;
  (* keep *) wire signed [5:0] rounded_quantize_part_188 = rounded_quantize_part_180 + 6'(rounded_quantize_part_187);
  wire signed [5:0] rounded_quantize_part_189 = second_add_2_2_1[8:3];
  wire signed [6:0] rounded_quantize_part_190 = second_add_2_2_1[8:2];
  wire rounded_quantize_part_191 = rounded_quantize_part_190[0];
  wire rounded_quantize_part_192 = rounded_quantize_part_189[0];
  wire [1:0] rounded_quantize_part_193 = second_add_2_2_1[1:0];
  wire rounded_quantize_part_194 = |rounded_quantize_part_193;
  wire rounded_quantize_part_195 = rounded_quantize_part_192 | rounded_quantize_part_194;
  wire rounded_quantize_part_196 = rounded_quantize_part_191 & rounded_quantize_part_195;
  (* keep *) wire signed [5:0] rounded_quantize_part_197 = rounded_quantize_part_189 + 6'(rounded_quantize_part_196);
  wire signed [4:0] rounded_quantize_part_198 = second_conv_2_3_0[7:3];
  wire signed [5:0] rounded_quantize_part_199 = second_conv_2_3_0[7:2];
  wire rounded_quantize_part_200 = rounded_quantize_part_199[0];
  wire rounded_quantize_part_201 = rounded_quantize_part_198[0];
  wire [1:0] rounded_quantize_part_202 = second_conv_2_3_0[1:0];
  wire rounded_quantize_part_203 = |rounded_quantize_part_202;
  wire rounded_quantize_part_204 = rounded_quantize_part_201 | rounded_quantize_part_203;
  wire rounded_quantize_part_205 = rounded_quantize_part_200 & rounded_quantize_part_204;
  reg signed [4:0] rounded_quantize_part_198_d1;
  always @(posedge clk) rounded_quantize_part_198_d1 <= rounded_quantize_part_198;
  reg rounded_quantize_part_205_d1;
  always @(posedge clk) rounded_quantize_part_205_d1 <= rounded_quantize_part_205;
  (* keep *) wire signed [4:0] rounded_quantize_part_206 = rounded_quantize_part_198_d1 + 5'(rounded_quantize_part_205_d1);
  // second.add
  reg signed [8:0] second_add_2_3_1_d1;
  always @(posedge clk) second_add_2_3_1_d1 <= second_add_2_3_1;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_207 = second_add_2_3_1_d1[8:3];
  wire signed [6:0] rounded_quantize_part_208 = second_add_2_3_1_d1[8:2];
  wire rounded_quantize_part_209 = rounded_quantize_part_208[0];
  wire rounded_quantize_part_210 = rounded_quantize_part_207[0];
  wire [1:0] rounded_quantize_part_211 = second_add_2_3_1[1:0];
  wire rounded_quantize_part_212 = |rounded_quantize_part_211;
  reg rounded_quantize_part_212_d1;
  always @(posedge clk) rounded_quantize_part_212_d1 <= rounded_quantize_part_212;
  wire rounded_quantize_part_213 = rounded_quantize_part_210 | rounded_quantize_part_212_d1;
  wire rounded_quantize_part_214 = rounded_quantize_part_209 & rounded_quantize_part_213;
  (* keep *) wire signed [5:0] rounded_quantize_part_215 = rounded_quantize_part_207 + 6'(rounded_quantize_part_214);
  // second.conv
  reg signed [7:0] second_conv_3_0_0_d1;
  always @(posedge clk) second_conv_3_0_0_d1 <= second_conv_3_0_0;
  // rounded.quantize
  wire signed [4:0] rounded_quantize_part_216 = second_conv_3_0_0_d1[7:3];
  wire signed [5:0] rounded_quantize_part_217 = second_conv_3_0_0_d1[7:2];
  wire rounded_quantize_part_218 = rounded_quantize_part_217[0];
  wire rounded_quantize_part_219 = rounded_quantize_part_216[0];
  wire [1:0] rounded_quantize_part_220 = second_conv_3_0_0_d1[1:0];
  wire rounded_quantize_part_221 = |rounded_quantize_part_220;
  wire rounded_quantize_part_222 = rounded_quantize_part_219 | rounded_quantize_part_221;
  wire rounded_quantize_part_223 = rounded_quantize_part_218 & rounded_quantize_part_222;
  (* keep *) wire signed [4:0] rounded_quantize_part_224 = rounded_quantize_part_216 + 5'(rounded_quantize_part_223);
  // second.add
  reg signed [8:0] second_add_3_0_1_d1;
  always @(posedge clk) second_add_3_0_1_d1 <= second_add_3_0_1;
  // rounded.quantize
  wire signed [5:0] rounded_quantize_part_225 = second_add_3_0_1_d1[8:3];
  wire signed [6:0] rounded_quantize_part_226 = second_add_3_0_1_d1[8:2];
  wire rounded_quantize_part_227 = rounded_quantize_part_226[0];
  wire rounded_quantize_part_228 = rounded_quantize_part_225[0];
  wire [1:0] rounded_quantize_part_229 = second_add_3_0_1_d1[1:0];
  wire rounded_quantize_part_230 = |rounded_quantize_part_229;
  wire rounded_quantize_part_231 = rounded_quantize_part_228 | rounded_quantize_part_230;
  wire rounded_quantize_part_232 = rounded_quantize_part_227 & rounded_quantize_part_231;
  (* keep *) wire signed [5:0] rounded_quantize_part_233 = rounded_quantize_part_225 + 6'(rounded_quantize_part_232);
  // second.conv
  reg signed [7:0] second_conv_3_1_0_d1;
  always @(posedge clk) second_conv_3_1_0_d1 <= second_conv_3_1_0;
  // rounded.quantize
  wire signed [4:0] rounded_quantize_part_234 = second_conv_3_1_0_d1[7:3];
  wire signed [5:0] rounded_quantize_part_235 = second_conv_3_1_0_d1[7:2];
  wire rounded_quantize_part_236 = rounded_quantize_part_235[0];
  wire rounded_quantize_part_237 = rounded_quantize_part_234[0];
  wire [1:0] rounded_quantize_part_238 = second_conv_3_1_0_d1[1:0];
  wire rounded_quantize_part_239 = |rounded_quantize_part_238;
  wire rounded_quantize_part_240 = rounded_quantize_part_237 | rounded_quantize_part_239;
  wire rounded_quantize_part_241 = rounded_quantize_part_236 & rounded_quantize_part_240;
  (* keep *) wire signed [4:0] rounded_quantize_part_242 = rounded_quantize_part_234 + 5'(rounded_quantize_part_241);
  wire signed [5:0] rounded_quantize_part_243 = second_add_3_1_1[8:3];
  wire signed [6:0] rounded_quantize_part_244 = second_add_3_1_1[8:2];
  wire rounded_quantize_part_245 = rounded_quantize_part_244[0];
  wire rounded_quantize_part_246 = rounded_quantize_part_243[0];
  wire [1:0] rounded_quantize_part_247 = second_add_3_1_1[1:0];
  wire rounded_quantize_part_248 = |rounded_quantize_part_247;
  wire rounded_quantize_part_249 = rounded_quantize_part_246 | rounded_quantize_part_248;
  wire rounded_quantize_part_250 = rounded_quantize_part_245 & rounded_quantize_part_249;
  (* keep *) wire signed [5:0] rounded_quantize_part_251 = rounded_quantize_part_243 + 6'(rounded_quantize_part_250);
  // second.conv
  reg signed [7:0] second_conv_3_2_0_d1;
  always @(posedge clk) second_conv_3_2_0_d1 <= second_conv_3_2_0;
  // rounded.quantize
  wire signed [4:0] rounded_quantize_part_252 = second_conv_3_2_0_d1[7:3];
  wire signed [5:0] rounded_quantize_part_253 = second_conv_3_2_0_d1[7:2];
  wire rounded_quantize_part_254 = rounded_quantize_part_253[0];
  wire rounded_quantize_part_255 = rounded_quantize_part_252[0];
  wire [1:0] rounded_quantize_part_256 = second_conv_3_2_0_d1[1:0];
  wire rounded_quantize_part_257 = |rounded_quantize_part_256;
  wire rounded_quantize_part_258 = rounded_quantize_part_255 | rounded_quantize_part_257;
  wire rounded_quantize_part_259 = rounded_quantize_part_254 & rounded_quantize_part_258;
  (* keep *) wire signed [4:0] rounded_quantize_part_260 = rounded_quantize_part_252 + 5'(rounded_quantize_part_259);
  wire signed [5:0] rounded_quantize_part_261 = second_add_3_2_1[8:3];
  wire signed [6:0] rounded_quantize_part_262 = second_add_3_2_1[8:2];
  wire rounded_quantize_part_263 = rounded_quantize_part_262[0];
  wire rounded_quantize_part_264 = rounded_quantize_part_261[0];
  wire [1:0] rounded_quantize_part_265 = second_add_3_2_1[1:0];
  wire rounded_quantize_part_266 = |rounded_quantize_part_265;
  wire rounded_quantize_part_267 = rounded_quantize_part_264 | rounded_quantize_part_266;
  wire rounded_quantize_part_268 = rounded_quantize_part_263 & rounded_quantize_part_267;
  (* keep *) wire signed [5:0] rounded_quantize_part_269 = rounded_quantize_part_261 + 6'(rounded_quantize_part_268);
  wire signed [4:0] rounded_quantize_part_270 = second_conv_3_3_0[7:3];
  wire signed [5:0] rounded_quantize_part_271 = second_conv_3_3_0[7:2];
  wire rounded_quantize_part_272 = rounded_quantize_part_271[0];
  wire rounded_quantize_part_273 = rounded_quantize_part_270[0];
  wire [1:0] rounded_quantize_part_274 = second_conv_3_3_0[1:0];
  wire rounded_quantize_part_275 = |rounded_quantize_part_274;
  wire rounded_quantize_part_276 = rounded_quantize_part_273 | rounded_quantize_part_275;
  reg rounded_quantize_part_272_d1;
  always @(posedge clk) rounded_quantize_part_272_d1 <= rounded_quantize_part_272;
  reg rounded_quantize_part_276_d1;
  always @(posedge clk) rounded_quantize_part_276_d1 <= rounded_quantize_part_276;
  wire rounded_quantize_part_277 = rounded_quantize_part_272_d1 & rounded_quantize_part_276_d1;
  reg signed [4:0] rounded_quantize_part_270_d1;
  always @(posedge clk) rounded_quantize_part_270_d1 <= rounded_quantize_part_270;
  (* keep *) wire signed [4:0] rounded_quantize_part_278 = rounded_quantize_part_270_d1 + 5'(rounded_quantize_part_277);
  // second.add
  reg signed [7:0] second_add_3_3_1_d1;
  always @(posedge clk) second_add_3_3_1_d1 <= second_add_3_3_1;
  // rounded.quantize
  wire signed [4:0] rounded_quantize_part_279 = second_add_3_3_1_d1[7:3];
  wire signed [5:0] rounded_quantize_part_280 = second_add_3_3_1_d1[7:2];
  wire rounded_quantize_part_281 = rounded_quantize_part_280[0];
  wire rounded_quantize_part_282 = rounded_quantize_part_279[0];
  wire [1:0] rounded_quantize_part_283 = second_add_3_3_1_d1[1:0];
  wire rounded_quantize_part_284 = |rounded_quantize_part_283;
  wire rounded_quantize_part_285 = rounded_quantize_part_282 | rounded_quantize_part_284;
  wire rounded_quantize_part_286 = rounded_quantize_part_281 & rounded_quantize_part_285;
  (* keep *) wire signed [4:0] rounded_quantize_part_287 = rounded_quantize_part_279 + 5'(rounded_quantize_part_286);
  wire rounded_quantize_part_288 = $signed(rounded_quantize_part_8) < $signed(5'd0);
  wire [2:0] rounded_quantize_0_0_0 = rounded_quantize_part_288 ? 3'd0 : rounded_quantize_part_8[2:0];
  wire rounded_quantize_part_290 = $signed(rounded_quantize_part_17) < $signed(5'd0);
  wire [3:0] rounded_quantize_0_0_1 = rounded_quantize_part_290 ? 4'd0 : rounded_quantize_part_17[3:0];
  wire rounded_quantize_part_292 = $signed(rounded_quantize_part_26) < $signed(6'd0);
  wire [3:0] rounded_quantize_0_1_0 = rounded_quantize_part_292 ? 4'd0 : rounded_quantize_part_26[3:0];
  wire rounded_quantize_part_294 = $signed(rounded_quantize_part_35) < $signed(6'd0);
  wire [3:0] rounded_quantize_0_1_1 = rounded_quantize_part_294 ? 4'd0 : rounded_quantize_part_35[3:0];
  wire rounded_quantize_part_296 = $signed(rounded_quantize_part_44) < $signed(6'd0);
  wire [3:0] rounded_quantize_0_2_0 = rounded_quantize_part_296 ? 4'd0 : rounded_quantize_part_44[3:0];
  wire rounded_quantize_part_298 = $signed(rounded_quantize_part_53) < $signed(6'd0);
  wire [3:0] rounded_quantize_0_2_1 = rounded_quantize_part_298 ? 4'd0 : rounded_quantize_part_53[3:0];
  wire rounded_quantize_part_300 = $signed(rounded_quantize_part_62) < $signed(5'd0);
  wire [3:0] rounded_quantize_0_3_0 = rounded_quantize_part_300 ? 4'd0 : rounded_quantize_part_62[3:0];
  wire rounded_quantize_part_302 = $signed(rounded_quantize_part_71) < $signed(6'd0);
  reg rounded_quantize_part_302_d1;
  always @(posedge clk) rounded_quantize_part_302_d1 <= rounded_quantize_part_302;
  reg signed [5:0] rounded_quantize_part_71_d1;
  always @(posedge clk) rounded_quantize_part_71_d1 <= rounded_quantize_part_71;
  wire [1:0] rounded_quantize_0_3_1 = rounded_quantize_part_302_d1 ? 2'd0 : rounded_quantize_part_71_d1[1:0];
  wire rounded_quantize_part_304 = $signed(rounded_quantize_part_80) < $signed(6'd0);
  wire [3:0] rounded_quantize_1_0_0 = rounded_quantize_part_304 ? 4'd0 : rounded_quantize_part_80[3:0];
  reg signed [5:0] rounded_quantize_part_89_d1;
  always @(posedge clk) rounded_quantize_part_89_d1 <= rounded_quantize_part_89;
  wire rounded_quantize_part_306 = $signed(rounded_quantize_part_89_d1) < $signed(6'd0);
  wire [3:0] rounded_quantize_1_0_1 = rounded_quantize_part_306 ? 4'd0 : rounded_quantize_part_89_d1[3:0];
  wire rounded_quantize_part_308 = $signed(rounded_quantize_part_98) < $signed(6'd0);
  wire [4:0] rounded_quantize_part_309 = rounded_quantize_part_308 ? 5'd0 : rounded_quantize_part_98[4:0];
  reg signed [5:0] rounded_quantize_part_107_d1;
  always @(posedge clk) rounded_quantize_part_107_d1 <= rounded_quantize_part_107;
  wire rounded_quantize_part_310 = $signed(rounded_quantize_part_107_d1) < $signed(6'd0);
  wire [3:0] rounded_quantize_1_1_1 = rounded_quantize_part_310 ? 4'd0 : rounded_quantize_part_107_d1[3:0];
  wire rounded_quantize_part_312 = $signed(rounded_quantize_part_116) < $signed(6'd0);
  wire [4:0] rounded_quantize_part_313 = rounded_quantize_part_312 ? 5'd0 : rounded_quantize_part_116[4:0];
  reg signed [5:0] rounded_quantize_part_125_d1;
  always @(posedge clk) rounded_quantize_part_125_d1 <= rounded_quantize_part_125;
  wire rounded_quantize_part_314 = $signed(rounded_quantize_part_125_d1) < $signed(6'd0);
  wire [3:0] rounded_quantize_1_2_1 = rounded_quantize_part_314 ? 4'd0 : rounded_quantize_part_125_d1[3:0];
  wire rounded_quantize_part_316 = $signed(rounded_quantize_part_134) < $signed(5'd0);
  wire [3:0] rounded_quantize_1_3_0 = rounded_quantize_part_316 ? 4'd0 : rounded_quantize_part_134[3:0];
  wire rounded_quantize_part_318 = $signed(rounded_quantize_part_143) < $signed(6'd0);
  wire [2:0] rounded_quantize_1_3_1 = rounded_quantize_part_318 ? 3'd0 : rounded_quantize_part_143[2:0];
  wire rounded_quantize_part_320 = $signed(rounded_quantize_part_152) < $signed(6'd0);
  wire [3:0] rounded_quantize_2_0_0 = rounded_quantize_part_320 ? 4'd0 : rounded_quantize_part_152[3:0];
  wire rounded_quantize_part_322 = $signed(rounded_quantize_part_161) < $signed(6'd0);
  reg rounded_quantize_part_322_d1;
  always @(posedge clk) rounded_quantize_part_322_d1 <= rounded_quantize_part_322;
  reg signed [5:0] rounded_quantize_part_161_d1;
  always @(posedge clk) rounded_quantize_part_161_d1 <= rounded_quantize_part_161;
  wire [3:0] rounded_quantize_2_0_1 = rounded_quantize_part_322_d1 ? 4'd0 : rounded_quantize_part_161_d1[3:0];
  wire rounded_quantize_part_324 = $signed(rounded_quantize_part_170) < $signed(6'd0);
  wire [4:0] rounded_quantize_part_325 = rounded_quantize_part_324 ? 5'd0 : rounded_quantize_part_170[4:0];
  reg signed [5:0] rounded_quantize_part_179_d1;
  always @(posedge clk) rounded_quantize_part_179_d1 <= rounded_quantize_part_179;
  wire rounded_quantize_part_326 = $signed(rounded_quantize_part_179_d1) < $signed(6'd0);
  wire [3:0] rounded_quantize_2_1_1 = rounded_quantize_part_326 ? 4'd0 : rounded_quantize_part_179_d1[3:0];
  wire rounded_quantize_part_328 = $signed(rounded_quantize_part_188) < $signed(6'd0);
  wire [4:0] rounded_quantize_part_329 = rounded_quantize_part_328 ? 5'd0 : rounded_quantize_part_188[4:0];
  reg signed [5:0] rounded_quantize_part_197_d1;
  always @(posedge clk) rounded_quantize_part_197_d1 <= rounded_quantize_part_197;
  wire rounded_quantize_part_330 = $signed(rounded_quantize_part_197_d1) < $signed(6'd0);
  wire [3:0] rounded_quantize_2_2_1 = rounded_quantize_part_330 ? 4'd0 : rounded_quantize_part_197_d1[3:0];
  wire rounded_quantize_part_332 = $signed(rounded_quantize_part_206) < $signed(5'd0);
  wire [3:0] rounded_quantize_2_3_0 = rounded_quantize_part_332 ? 4'd0 : rounded_quantize_part_206[3:0];
  wire rounded_quantize_part_334 = $signed(rounded_quantize_part_215) < $signed(6'd0);
  wire [2:0] rounded_quantize_2_3_1 = rounded_quantize_part_334 ? 3'd0 : rounded_quantize_part_215[2:0];
  wire rounded_quantize_part_336 = $signed(rounded_quantize_part_224) < $signed(5'd0);
  wire [2:0] rounded_quantize_3_0_0 = rounded_quantize_part_336 ? 3'd0 : rounded_quantize_part_224[2:0];
  wire rounded_quantize_part_338 = $signed(rounded_quantize_part_233) < $signed(6'd0);
  wire [1:0] rounded_quantize_3_0_1 = rounded_quantize_part_338 ? 2'd0 : rounded_quantize_part_233[1:0];
  wire rounded_quantize_part_340 = $signed(rounded_quantize_part_242) < $signed(5'd0);
  wire [3:0] rounded_quantize_3_1_0 = rounded_quantize_part_340 ? 4'd0 : rounded_quantize_part_242[3:0];
  wire rounded_quantize_part_342 = $signed(rounded_quantize_part_251) < $signed(6'd0);
  reg rounded_quantize_part_342_d1;
  always @(posedge clk) rounded_quantize_part_342_d1 <= rounded_quantize_part_342;
  reg signed [5:0] rounded_quantize_part_251_d1;
  always @(posedge clk) rounded_quantize_part_251_d1 <= rounded_quantize_part_251;
  wire [3:0] rounded_quantize_3_1_1 = rounded_quantize_part_342_d1 ? 4'd0 : rounded_quantize_part_251_d1[3:0];
  wire rounded_quantize_part_344 = $signed(rounded_quantize_part_260) < $signed(5'd0);
  wire [3:0] rounded_quantize_3_2_0 = rounded_quantize_part_344 ? 4'd0 : rounded_quantize_part_260[3:0];
  reg signed [5:0] rounded_quantize_part_269_d1;
  always @(posedge clk) rounded_quantize_part_269_d1 <= rounded_quantize_part_269;
  wire rounded_quantize_part_346 = $signed(rounded_quantize_part_269_d1) < $signed(6'd0);
  wire [3:0] rounded_quantize_3_2_1 = rounded_quantize_part_346 ? 4'd0 : rounded_quantize_part_269_d1[3:0];
  wire rounded_quantize_part_348 = $signed(rounded_quantize_part_278) < $signed(5'd0);
  wire [3:0] rounded_quantize_3_3_0 = rounded_quantize_part_348 ? 4'd0 : rounded_quantize_part_278[3:0];
  wire rounded_quantize_part_350 = $signed(rounded_quantize_part_287) < $signed(5'd0);
  wire [2:0] rounded_quantize_3_3_1 = rounded_quantize_part_350 ? 3'd0 : rounded_quantize_part_287[2:0];
  reg [4:0] rounded_quantize_part_309_d1;
  always @(posedge clk) rounded_quantize_part_309_d1 <= rounded_quantize_part_309;
  wire rounded_quantize_part_352 = 5'd15 < rounded_quantize_part_309_d1;
  wire [3:0] rounded_quantize_1_1_0 = rounded_quantize_part_352 ? 4'd15 : rounded_quantize_part_309_d1[3:0];
  reg [4:0] rounded_quantize_part_313_d1;
  always @(posedge clk) rounded_quantize_part_313_d1 <= rounded_quantize_part_313;
  wire rounded_quantize_part_354 = 5'd15 < rounded_quantize_part_313_d1;
  wire [3:0] rounded_quantize_1_2_0 = rounded_quantize_part_354 ? 4'd15 : rounded_quantize_part_313_d1[3:0];
  reg [4:0] rounded_quantize_part_325_d1;
  always @(posedge clk) rounded_quantize_part_325_d1 <= rounded_quantize_part_325;
  wire rounded_quantize_part_356 = 5'd15 < rounded_quantize_part_325_d1;
  wire [3:0] rounded_quantize_2_1_0 = rounded_quantize_part_356 ? 4'd15 : rounded_quantize_part_325_d1[3:0];
  reg [4:0] rounded_quantize_part_329_d1;
  always @(posedge clk) rounded_quantize_part_329_d1 <= rounded_quantize_part_329;
  wire rounded_quantize_part_358 = 5'd15 < rounded_quantize_part_329_d1;
  wire [3:0] rounded_quantize_2_2_0 = rounded_quantize_part_358 ? 4'd15 : rounded_quantize_part_329_d1[3:0];
  // relu.quantize
  reg [1:0] relu_quantize_0_0_0_d2;
  always @(posedge clk) relu_quantize_0_0_0_d2 <= relu_quantize_0_0_0_d1;
  // skip.add
  (* keep *) wire [3:0] skip_add_0_0_0 = 4'(relu_quantize_0_0_0_d2) + 4'(rounded_quantize_0_0_0);
  // relu.quantize
  reg [2:0] relu_quantize_0_0_1_d2;
  always @(posedge clk) relu_quantize_0_0_1_d2 <= relu_quantize_0_0_1_d1;
  // skip.add
  (* keep *) wire [3:0] skip_add_0_0_1 = 4'(relu_quantize_0_0_1_d2) + rounded_quantize_0_0_1;
  // relu.quantize
  reg [1:0] relu_quantize_0_1_0_d2;
  always @(posedge clk) relu_quantize_0_1_0_d2 <= relu_quantize_0_1_0_d1;
  // skip.add
  (* keep *) wire [3:0] skip_add_0_1_0 = 4'(relu_quantize_0_1_0_d2) + rounded_quantize_0_1_0;
  // relu.quantize
  reg [2:0] relu_quantize_0_1_1_d2;
  always @(posedge clk) relu_quantize_0_1_1_d2 <= relu_quantize_0_1_1_d1;
  // skip.add
  (* keep *) wire [3:0] skip_add_0_1_1 = 4'(relu_quantize_0_1_1_d2) + rounded_quantize_0_1_1;
  // relu.quantize
  reg [1:0] relu_quantize_0_2_0_d3;
  always @(posedge clk) relu_quantize_0_2_0_d3 <= relu_quantize_0_2_0_d2;
  // rounded.quantize
  reg [3:0] rounded_quantize_0_2_0_d1;
  always @(posedge clk) rounded_quantize_0_2_0_d1 <= rounded_quantize_0_2_0;
  // skip.add
  (* keep *) wire [3:0] skip_add_0_2_0 = 4'(relu_quantize_0_2_0_d3) + rounded_quantize_0_2_0_d1;
  // relu.quantize
  reg [2:0] relu_quantize_0_2_1_d3;
  always @(posedge clk) relu_quantize_0_2_1_d3 <= relu_quantize_0_2_1_d2;
  // rounded.quantize
  reg [3:0] rounded_quantize_0_2_1_d1;
  always @(posedge clk) rounded_quantize_0_2_1_d1 <= rounded_quantize_0_2_1;
  // skip.add
  (* keep *) wire [3:0] skip_add_0_2_1 = 4'(relu_quantize_0_2_1_d3) + rounded_quantize_0_2_1_d1;
  // relu.quantize
  reg [1:0] relu_quantize_0_3_0_d2;
  always @(posedge clk) relu_quantize_0_3_0_d2 <= relu_quantize_0_3_0_d1;
  reg [1:0] relu_quantize_0_3_0_d3;
  always @(posedge clk) relu_quantize_0_3_0_d3 <= relu_quantize_0_3_0_d2;
  // rounded.quantize
  reg [3:0] rounded_quantize_0_3_0_d1;
  always @(posedge clk) rounded_quantize_0_3_0_d1 <= rounded_quantize_0_3_0;
  // skip.add
  (* keep *) wire [3:0] skip_add_0_3_0 = 4'(relu_quantize_0_3_0_d3) + rounded_quantize_0_3_0_d1;
  // relu.quantize
  reg [2:0] relu_quantize_0_3_1_d3;
  always @(posedge clk) relu_quantize_0_3_1_d3 <= relu_quantize_0_3_1_d2;
  // skip.add
  (* keep *) wire [2:0] skip_add_0_3_1 = relu_quantize_0_3_1_d3 + 3'(rounded_quantize_0_3_1);
  // relu.quantize
  reg [1:0] relu_quantize_1_0_0_d3;
  always @(posedge clk) relu_quantize_1_0_0_d3 <= relu_quantize_1_0_0_d2;
  // rounded.quantize
  reg [3:0] rounded_quantize_1_0_0_d1;
  always @(posedge clk) rounded_quantize_1_0_0_d1 <= rounded_quantize_1_0_0;
  // skip.add
  (* keep *) wire [3:0] skip_add_1_0_0 = 4'(relu_quantize_1_0_0_d3) + rounded_quantize_1_0_0_d1;
  // relu.quantize
  reg [2:0] relu_quantize_1_0_1_d3;
  always @(posedge clk) relu_quantize_1_0_1_d3 <= relu_quantize_1_0_1_d2;
  // skip.add
  (* keep *) wire [3:0] skip_add_1_0_1 = 4'(relu_quantize_1_0_1_d3) + rounded_quantize_1_0_1;
  // relu.quantize
  reg [1:0] relu_quantize_1_1_0_d3;
  always @(posedge clk) relu_quantize_1_1_0_d3 <= relu_quantize_1_1_0_d2;
  // skip.add
  (* keep *) wire [4:0] skip_add_1_1_0 = 5'(relu_quantize_1_1_0_d3) + 5'(rounded_quantize_1_1_0);
  // relu.quantize
  reg [2:0] relu_quantize_1_1_1_d3;
  always @(posedge clk) relu_quantize_1_1_1_d3 <= relu_quantize_1_1_1_d2;
  // skip.add
  (* keep *) wire [4:0] skip_add_1_1_1 = 5'(relu_quantize_1_1_1_d3) + 5'(rounded_quantize_1_1_1);
  // relu.quantize
  reg [1:0] relu_quantize_1_2_0_d3;
  always @(posedge clk) relu_quantize_1_2_0_d3 <= relu_quantize_1_2_0_d2;
  // skip.add
  (* keep *) wire [4:0] skip_add_1_2_0 = 5'(relu_quantize_1_2_0_d3) + 5'(rounded_quantize_1_2_0);
  // relu.quantize
  reg [2:0] relu_quantize_1_2_1_d3;
  always @(posedge clk) relu_quantize_1_2_1_d3 <= relu_quantize_1_2_1_d2;
  // skip.add
  (* keep *) wire [4:0] skip_add_1_2_1 = 5'(relu_quantize_1_2_1_d3) + 5'(rounded_quantize_1_2_1);
  // relu.quantize
  reg [1:0] relu_quantize_1_3_0_d3;
  always @(posedge clk) relu_quantize_1_3_0_d3 <= relu_quantize_1_3_0_d2;
  reg [1:0] relu_quantize_1_3_0_d4;
  always @(posedge clk) relu_quantize_1_3_0_d4 <= relu_quantize_1_3_0_d3;
  // rounded.quantize
  reg [3:0] rounded_quantize_1_3_0_d1;
  always @(posedge clk) rounded_quantize_1_3_0_d1 <= rounded_quantize_1_3_0;
  // skip.add
  (* keep *) wire [3:0] skip_add_1_3_0 = 4'(relu_quantize_1_3_0_d4) + rounded_quantize_1_3_0_d1;
  // relu.quantize
  reg [2:0] relu_quantize_1_3_1_d3;
  always @(posedge clk) relu_quantize_1_3_1_d3 <= relu_quantize_1_3_1_d2;
  reg [2:0] relu_quantize_1_3_1_d4;
  always @(posedge clk) relu_quantize_1_3_1_d4 <= relu_quantize_1_3_1_d3;
  // rounded.quantize
  reg [2:0] rounded_quantize_1_3_1_d1;
  always @(posedge clk) rounded_quantize_1_3_1_d1 <= rounded_quantize_1_3_1;
  // skip.add
  (* keep *) wire [3:0] skip_add_1_3_1 = 4'(relu_quantize_1_3_1_d4) + 4'(rounded_quantize_1_3_1_d1);
  // relu.quantize
  reg [1:0] relu_quantize_2_0_0_d4;
  always @(posedge clk) relu_quantize_2_0_0_d4 <= relu_quantize_2_0_0_d3;
  // rounded.quantize
  reg [3:0] rounded_quantize_2_0_0_d1;
  always @(posedge clk) rounded_quantize_2_0_0_d1 <= rounded_quantize_2_0_0;
  // skip.add
  (* keep *) wire [3:0] skip_add_2_0_0 = 4'(relu_quantize_2_0_0_d4) + rounded_quantize_2_0_0_d1;
  // relu.quantize
  reg [2:0] relu_quantize_2_0_1_d4;
  always @(posedge clk) relu_quantize_2_0_1_d4 <= relu_quantize_2_0_1_d3;
  // skip.add
  (* keep *) wire [3:0] skip_add_2_0_1 = 4'(relu_quantize_2_0_1_d4) + rounded_quantize_2_0_1;
  // relu.quantize
  reg [1:0] relu_quantize_2_1_0_d4;
  always @(posedge clk) relu_quantize_2_1_0_d4 <= relu_quantize_2_1_0_d3;
  // skip.add
  (* keep *) wire [4:0] skip_add_2_1_0 = 5'(relu_quantize_2_1_0_d4) + 5'(rounded_quantize_2_1_0);
  // relu.quantize
  reg [2:0] relu_quantize_2_1_1_d4;
  always @(posedge clk) relu_quantize_2_1_1_d4 <= relu_quantize_2_1_1_d3;
  // skip.add
  (* keep *) wire [4:0] skip_add_2_1_1 = 5'(relu_quantize_2_1_1_d4) + 5'(rounded_quantize_2_1_1);
  // relu.quantize
  reg [1:0] relu_quantize_2_2_0_d4;
  always @(posedge clk) relu_quantize_2_2_0_d4 <= relu_quantize_2_2_0_d3;
  // skip.add
  (* keep *) wire [4:0] skip_add_2_2_0 = 5'(relu_quantize_2_2_0_d4) + 5'(rounded_quantize_2_2_0);
  // relu.quantize
  reg [2:0] relu_quantize_2_2_1_d4;
  always @(posedge clk) relu_quantize_2_2_1_d4 <= relu_quantize_2_2_1_d3;
  // skip.add
  (* keep *) wire [4:0] skip_add_2_2_1 = 5'(relu_quantize_2_2_1_d4) + 5'(rounded_quantize_2_2_1);
  // relu.quantize
  reg [1:0] relu_quantize_2_3_0_d4;
  always @(posedge clk) relu_quantize_2_3_0_d4 <= relu_quantize_2_3_0_d3;
  // skip.add
  (* keep *) wire [3:0] skip_add_2_3_0 = 4'(relu_quantize_2_3_0_d4) + rounded_quantize_2_3_0;
  // relu.quantize
  reg [2:0] relu_quantize_2_3_1_d4;
  always @(posedge clk) relu_quantize_2_3_1_d4 <= relu_quantize_2_3_1_d3;
  // skip.add
  (* keep *) wire [3:0] skip_add_2_3_1 = 4'(relu_quantize_2_3_1_d4) + 4'(rounded_quantize_2_3_1);
  // relu.quantize
  reg [1:0] relu_quantize_3_0_0_d3;
  always @(posedge clk) relu_quantize_3_0_0_d3 <= relu_quantize_3_0_0_d2;
  reg [1:0] relu_quantize_3_0_0_d4;
  always @(posedge clk) relu_quantize_3_0_0_d4 <= relu_quantize_3_0_0_d3;
  // rounded.quantize
  reg [2:0] rounded_quantize_3_0_0_d1;
  always @(posedge clk) rounded_quantize_3_0_0_d1 <= rounded_quantize_3_0_0;
  // skip.add
  (* keep *) wire [3:0] skip_add_3_0_0 = 4'(relu_quantize_3_0_0_d4) + 4'(rounded_quantize_3_0_0_d1);
  // relu.quantize
  reg [2:0] relu_quantize_3_0_1_d3;
  always @(posedge clk) relu_quantize_3_0_1_d3 <= relu_quantize_3_0_1_d2;
  reg [2:0] relu_quantize_3_0_1_d4;
  always @(posedge clk) relu_quantize_3_0_1_d4 <= relu_quantize_3_0_1_d3;
  // rounded.quantize
  reg [1:0] rounded_quantize_3_0_1_d1;
  always @(posedge clk) rounded_quantize_3_0_1_d1 <= rounded_quantize_3_0_1;
  // skip.add
  (* keep *) wire [3:0] skip_add_3_0_1 = 4'(relu_quantize_3_0_1_d4) + 4'(rounded_quantize_3_0_1_d1);
  // relu.quantize
  reg [1:0] relu_quantize_3_1_0_d3;
  always @(posedge clk) relu_quantize_3_1_0_d3 <= relu_quantize_3_1_0_d2;
  reg [1:0] relu_quantize_3_1_0_d4;
  always @(posedge clk) relu_quantize_3_1_0_d4 <= relu_quantize_3_1_0_d3;
  // rounded.quantize
  reg [3:0] rounded_quantize_3_1_0_d1;
  always @(posedge clk) rounded_quantize_3_1_0_d1 <= rounded_quantize_3_1_0;
  // skip.add
  (* keep *) wire [4:0] skip_add_3_1_0 = 5'(relu_quantize_3_1_0_d4) + 5'(rounded_quantize_3_1_0_d1);
  // relu.quantize
  reg [2:0] relu_quantize_3_1_1_d3;
  always @(posedge clk) relu_quantize_3_1_1_d3 <= relu_quantize_3_1_1_d2;
  reg [2:0] relu_quantize_3_1_1_d4;
  always @(posedge clk) relu_quantize_3_1_1_d4 <= relu_quantize_3_1_1_d3;
  // skip.add
  (* keep *) wire [3:0] skip_add_3_1_1 = 4'(relu_quantize_3_1_1_d4) + rounded_quantize_3_1_1;
  // relu.quantize
  reg [1:0] relu_quantize_3_2_0_d3;
  always @(posedge clk) relu_quantize_3_2_0_d3 <= relu_quantize_3_2_0_d2;
  reg [1:0] relu_quantize_3_2_0_d4;
  always @(posedge clk) relu_quantize_3_2_0_d4 <= relu_quantize_3_2_0_d3;
  // rounded.quantize
  reg [3:0] rounded_quantize_3_2_0_d1;
  always @(posedge clk) rounded_quantize_3_2_0_d1 <= rounded_quantize_3_2_0;
  // skip.add
  (* keep *) wire [4:0] skip_add_3_2_0 = 5'(relu_quantize_3_2_0_d4) + 5'(rounded_quantize_3_2_0_d1);
  // relu.quantize
  reg [2:0] relu_quantize_3_2_1_d3;
  always @(posedge clk) relu_quantize_3_2_1_d3 <= relu_quantize_3_2_1_d2;
  reg [2:0] relu_quantize_3_2_1_d4;
  always @(posedge clk) relu_quantize_3_2_1_d4 <= relu_quantize_3_2_1_d3;
  // skip.add
  (* keep *) wire [3:0] skip_add_3_2_1 = 4'(relu_quantize_3_2_1_d4) + rounded_quantize_3_2_1;
  // relu.quantize
  reg [1:0] relu_quantize_3_3_0_d3;
  always @(posedge clk) relu_quantize_3_3_0_d3 <= relu_quantize_3_3_0_d2;
  // skip.add
  (* keep *) wire [3:0] skip_add_3_3_0 = 4'(relu_quantize_3_3_0_d3) + rounded_quantize_3_3_0;
  // relu.quantize
  reg [2:0] relu_quantize_3_3_1_d3;
  always @(posedge clk) relu_quantize_3_3_1_d3 <= relu_quantize_3_3_1_d2;
  reg [2:0] relu_quantize_3_3_1_d4;
  always @(posedge clk) relu_quantize_3_3_1_d4 <= relu_quantize_3_3_1_d3;
  // rounded.quantize
  reg [2:0] rounded_quantize_3_3_1_d1;
  always @(posedge clk) rounded_quantize_3_3_1_d1 <= rounded_quantize_3_3_1;
  // skip.add
  (* keep *) wire [3:0] skip_add_3_3_1 = 4'(relu_quantize_3_3_1_d4) + 4'(rounded_quantize_3_3_1_d1);
  reg [3:0] skip_add_0_0_0_d1;
  always @(posedge clk) skip_add_0_0_0_d1 <= skip_add_0_0_0;
  reg [3:0] skip_add_0_1_0_d1;
  always @(posedge clk) skip_add_0_1_0_d1 <= skip_add_0_1_0;
  // mean.pool
  (* keep *) wire [4:0] mean_pool_part_0 = 5'(skip_add_0_0_0_d1) + 5'(skip_add_0_1_0_d1);
  // skip.add
  reg [3:0] skip_add_0_0_1_d1;
  always @(posedge clk) skip_add_0_0_1_d1 <= skip_add_0_0_1;
  reg [3:0] skip_add_0_1_1_d1;
  always @(posedge clk) skip_add_0_1_1_d1 <= skip_add_0_1_1;
  // mean.pool
  (* keep *) wire [4:0] mean_pool_part_1 = 5'(skip_add_0_0_1_d1) + 5'(skip_add_0_1_1_d1);
  (* keep *) wire [5:0] mean_pool_part_2 = 6'(skip_add_0_2_0) + 6'(mean_pool_part_0);
  (* keep *) wire [5:0] mean_pool_part_3 = 6'(skip_add_0_2_1) + 6'(mean_pool_part_1);
  (* keep *) wire [5:0] mean_pool_part_4 = 6'(skip_add_0_3_0) + mean_pool_part_2;
  (* keep *) wire [5:0] mean_pool_part_5 = 6'(skip_add_0_3_1) + mean_pool_part_3;
  (* keep *) wire [5:0] mean_pool_part_6 = 6'(skip_add_1_0_0) + mean_pool_part_4;
  (* keep *) wire [6:0] mean_pool_part_7 = 7'(skip_add_1_0_1) + 7'(mean_pool_part_5);
  (* keep *) wire [6:0] mean_pool_part_8 = 7'(skip_add_1_1_0) + 7'(mean_pool_part_6);
  (* keep *) wire [6:0] mean_pool_part_9 = 7'(skip_add_1_1_1) + mean_pool_part_7;
  // skip.add
  reg [4:0] skip_add_1_2_0_d1;
  always @(posedge clk) skip_add_1_2_0_d1 <= skip_add_1_2_0;
  // mean.pool
  reg [6:0] mean_pool_part_8_d1;
  always @(posedge clk) mean_pool_part_8_d1 <= mean_pool_part_8;
  (* keep *) wire [6:0] mean_pool_part_10 = 7'(skip_add_1_2_0_d1) + mean_pool_part_8_d1;
  // skip.add
  reg [4:0] skip_add_1_2_1_d1;
  always @(posedge clk) skip_add_1_2_1_d1 <= skip_add_1_2_1;
  // mean.pool
  reg [6:0] mean_pool_part_9_d1;
  always @(posedge clk) mean_pool_part_9_d1 <= mean_pool_part_9;
  (* keep *) wire [6:0] mean_pool_part_11 = 7'(skip_add_1_2_1_d1) + mean_pool_part_9_d1;
  (* keep *) wire [6:0] mean_pool_part_12 = 7'(skip_add_1_3_0) + mean_pool_part_10;
  (* keep *) wire [6:0] mean_pool_part_13 = 7'(skip_add_1_3_1) + mean_pool_part_11;
  (* keep *) wire [6:0] mean_pool_part_14 = 7'(skip_add_2_0_0) + mean_pool_part_12;
  (* keep *) wire [7:0] mean_pool_part_15 = 8'(skip_add_2_0_1) + 8'(mean_pool_part_13);
  (* keep *) wire [7:0] mean_pool_part_16 = 8'(skip_add_2_1_0) + 8'(mean_pool_part_14);
  (* keep *) wire [7:0] mean_pool_part_17 = 8'(skip_add_2_1_1) + mean_pool_part_15;
  (* keep *) wire [7:0] mean_pool_part_18 = 8'(skip_add_2_2_0) + mean_pool_part_16;
  (* keep *) wire [7:0] mean_pool_part_19 = 8'(skip_add_2_2_1) + mean_pool_part_17;
  // skip.add
  reg [3:0] skip_add_2_3_0_d1;
  always @(posedge clk) skip_add_2_3_0_d1 <= skip_add_2_3_0;
  // mean.pool
  reg [7:0] mean_pool_part_18_d1;
  always @(posedge clk) mean_pool_part_18_d1 <= mean_pool_part_18;
  (* keep *) wire [7:0] mean_pool_part_20 = 8'(skip_add_2_3_0_d1) + mean_pool_part_18_d1;
  // skip.add
  reg [3:0] skip_add_2_3_1_d1;
  always @(posedge clk) skip_add_2_3_1_d1 <= skip_add_2_3_1;
  // mean.pool
  reg [7:0] mean_pool_part_19_d1;
  always @(posedge clk) mean_pool_part_19_d1 <= mean_pool_part_19;
  (* keep *) wire [7:0] mean_pool_part_21 = 8'(skip_add_2_3_1_d1) + mean_pool_part_19_d1;
  (* keep *) wire [7:0] mean_pool_part_22 = 8'(skip_add_3_0_0) + mean_pool_part_20;
  (* keep *) wire [7:0] mean_pool_part_23 = 8'(skip_add_3_0_1) + mean_pool_part_21;
  (* keep *) wire [7:0] mean_pool_part_24 = 8'(skip_add_3_1_0) + mean_pool_part_22;
  (* keep *) wire [7:0] mean_pool_part_25 = 8'(skip_add_3_1_1) + mean_pool_part_23;
  (* keep *) wire [7:0] mean_pool_part_26 = 8'(skip_add_3_2_0) + mean_pool_part_24;
  (* keep *) wire [7:0] mean_pool_part_27 = 8'(skip_add_3_2_1) + mean_pool_part_25;
  // skip.add
  reg [3:0] skip_add_3_3_0_d1;
  always @(posedge clk) skip_add_3_3_0_d1 <= skip_add_3_3_0;
  // mean.pool
  (* keep *) wire [7:0] mean_pool_0_0_0 = 8'(skip_add_3_3_0_d1) + mean_pool_part_26;
  (* keep *) wire [7:0] mean_pool_0_0_1 = 8'(skip_add_3_3_1) + mean_pool_part_27;
  assign result_0 = mean_pool_0_0_0[6:0];
  assign result_1 = mean_pool_0_0_1[6:0];
endmodule
